"""Speech by Kokoro (StyleTTS 2, 82 M parameters) on onnxruntime: natural Mandarin on a CPU.

Li et al., "StyleTTS 2" (2023); https://huggingface.co/hexgrad/Kokoro-82M-v1.1-zh. One pass turns
symbols (models/roles/zhuyin.py) and a voice, a vector for every number of symbols, into sound.
Words in Latin letters are said as espeak-ng pronounces them.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from pydantic import Field

from models.catalog import Checkpoint, CheckpointDefaults
from models.onnx import broken, open_session
from models.roles.tts import Samples, Speech, chosen, espeak, speakable
from models.roles.zhuyin import zhuyin

MODEL, SYMBOLS, VOICES = "onnx/model.onnx", "tokenizer.json", "voices"
SAMPLE_RATE = 24_000
STYLE = 256  # numbers that are a voice, for each number of symbols
LONGEST = 256  # symbols in one pass, of the 510 that the model takes: what it holds grows with them
_WORKING_BYTES = 512 << 20  # of one such pass, about 17 s: reckoned from its shapes, not measured
_LATIN = re.compile(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ' -]*")
_ENGLISH = "en-us"
# espeak-ng's IPA in the symbols that Kokoro learned English in (misaki's).
_IPA = (
    ("tʃ", "ʧ"), ("dʒ", "ʤ"), ("eɪ", "A"), ("aɪ", "I"), ("ɔɪ", "Y"), ("oʊ", "O"), ("əʊ", "O"),
    ("aʊ", "W"), ("ɜː", "ɜɹ"), ("ɚ", "əɹ"), ("ɐ", "ə"), ("ɾ", "T"), ("r", "ɹ"), ("ː", ""),
)  # fmt: skip


class VoiceDefaults(CheckpointDefaults, frozen=True):
    """`voices`: the name that people choose → the file of the voice, without its ending."""

    voices: dict[str, Annotated[str, Field(pattern=r"^[a-z]{2}_[a-z0-9]+$")]] = Field(min_length=1)


class KokoroSynthesizer:
    """Reads text aloud, on the CPU whatever the device."""

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        numbers: dict[str, int],
        styles: dict[str, npt.NDArray[np.float32]],
        needed_bytes: int,
    ) -> None:
        self.voices = tuple(styles)
        self.bytes = needed_bytes
        self._session: Any = session
        self._numbers = numbers
        self._styles = styles

    @classmethod
    def load(cls, path: Path, checkpoint: Checkpoint, device: torch.device) -> Self:  # noqa: ARG003
        """Raises CheckpointBroken for a damaged file, CatalogError for wrong defaults."""
        voices = VoiceDefaults.of(checkpoint).voices
        return cls(
            open_session(path / MODEL, {"input_ids", "style", "speed"}),
            read_symbols(path / SYMBOLS),
            {name: read_voice(path / VOICES / f"{file}.bin") for name, file in voices.items()},
            cls.bytes_needed(path, checkpoint),
        )

    @classmethod
    def bytes_needed(cls, path: Path, checkpoint: Checkpoint) -> int:
        """Bytes of the model and the chosen voices, and of what one pass holds."""
        voices = VoiceDefaults.of(checkpoint).voices.values()
        files = (path / MODEL, *(path / VOICES / f"{file}.bin" for file in voices))
        return sum(file.stat().st_size for file in files) + _WORKING_BYTES

    def release(self) -> None:
        """Drop the weights; the object cannot speak any more."""
        self._session = None

    def speak(self, text: str, voice: str | None = None, speed: float = 1.0) -> Speech:
        """A sentence or a few → speech; a moment of silence when nothing can be said.

        `voice` is one of `voices`, the first where none is named; `speed` 0.5–2 times normal.
        Errors: `InvalidRequest`.
        """
        style = self._styles[chosen(voice or self.voices[0], self.voices, speed)]
        numbers = [self._numbers[s] for s in symbols(speakable(text)) if s in self._numbers]
        parts = [self._pass(part, style, speed) for part in self._passes(numbers)]
        silence = np.zeros(SAMPLE_RATE // 10, np.float32)
        return Speech(np.concatenate(parts) if parts else silence, SAMPLE_RATE)

    def _passes(self, numbers: list[int]) -> Iterator[list[int]]:
        """Runs of at most LONGEST, ended where a pause or a word ends as long as there is one."""
        pauses = [self._numbers.get(stop) for stop in ",.!?;:"]
        words = [self._numbers.get(stop) for stop in "/ "]
        while len(numbers) > LONGEST:
            end = _last(numbers[:LONGEST], pauses) or _last(numbers[:LONGEST], words) or LONGEST
            yield numbers[:end]
            numbers = numbers[end:]
        if numbers:
            yield numbers

    def _pass(self, numbers: list[int], style: npt.NDArray[np.float32], speed: float) -> Samples:
        if self._session is None:
            raise RuntimeError("the model was released")
        feeds = {
            "input_ids": np.array([[0, *numbers, 0]], np.int64),
            "style": style[len(numbers) - 1][None],  # [1, STYLE]
            "speed": np.array([speed], np.float32),
        }
        [waveform, *_] = self._session.run(None, feeds)
        return np.clip(np.asarray(waveform, np.float32).reshape(-1), -1, 1)


def symbols(text: str) -> str:
    """Mandarin in zhuyin, Latin words in IPA between blanks, stops as they are."""
    written, at = "", 0
    for latin in _LATIN.finditer(text):
        written += f"{zhuyin(text[at : latin.start()])} {_ipa(latin[0])} "
        at = latin.end()
    return (written + zhuyin(text[at:])).strip()


def read_symbols(path: Path) -> dict[str, int]:
    """Symbol → its number, of the checkpoint's `tokenizer.json`.

    The published file is no JSON: of its first symbol it says `"$", 0` for `"$": 0`.
    """
    try:
        listed = path.read_text(encoding="utf-8").partition('"vocab"')[2].partition("}")[0]
        pairs = re.findall(r'("(?:[^"\\]|\\.)+")\s*[:,]\s*(\d+)', listed)
        numbers = {str(json.loads(symbol)): int(number) for symbol, number in pairs}
    except (OSError, ValueError) as error:
        raise broken(path, error) from error
    if not {"ㄅ", "1", "5", "/"} <= numbers.keys():
        raise broken(path, "no zhuyin in it")
    return numbers


def read_voice(path: Path) -> npt.NDArray[np.float32]:
    """The vectors of a voice [numbers of symbols, STYLE]."""
    try:
        vectors = np.fromfile(path, np.float32)
    except OSError as error:
        raise broken(path, error) from error
    if len(vectors) % STYLE or len(vectors) < LONGEST * STYLE or not np.isfinite(vectors).all():
        raise broken(path, "no vectors of a voice")
    return vectors.reshape(-1, STYLE)


def _ipa(words: str) -> str:
    spoken = espeak().ipa(words, _ENGLISH)
    for theirs, ours in _IPA:
        spoken = spoken.replace(theirs, ours)
    return spoken


def _last(numbers: list[int], ends: list[int | None]) -> int:
    """How many numbers there are up to the last of `ends`; 0 where there is none."""
    return max((at + 1 for at, number in enumerate(numbers) if number in ends), default=0)
