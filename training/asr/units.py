"""The phonemes that the encoder is asked to name while it is trained, numbered from 1; 0 is CTC's
blank. They come from the synthesizer itself, so they say exactly what was heard."""

import json
from pathlib import Path
from random import Random
from typing import Self

from models.roles.tts import espeak
from training.asr.sentences import Sentences
from training.llm.vocabulary import gb2312_characters

_SENTENCES = 2_000


class Units:
    """Phoneme → number."""

    def __init__(self, names: list[str]) -> None:
        self._numbers = {name: number for number, name in enumerate(names, 1)}

    def __len__(self) -> int:
        """How many classes CTC needs, the blank included."""
        return len(self._numbers) + 1

    @classmethod
    def kept_in(cls, path: Path) -> Self:
        """Those that `path` lists; collected and written there when it does not exist."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(_collect(), ensure_ascii=False), "utf-8")
        return cls(json.loads(path.read_text("utf-8")))

    def numbers(self, units: list[str]) -> list[int]:
        """The known ones of `units`."""
        return [self._numbers[unit] for unit in units if unit in self._numbers]


def _collect() -> list[str]:
    rng, sentences = Random(0), Sentences()
    texts = [*gb2312_characters(), *(sentences.draw(rng).text for _ in range(_SENTENCES))]
    return sorted({unit for text in texts for unit in espeak().phonemes(text, "cmn")})
