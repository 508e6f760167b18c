"""What is said: sentences of Duomo's own domain, written as they are heard.

A sentence is Chinese characters with ， where the voice pauses: numbers stand in Chinese numerals,
because 三 is what is heard whether somebody would write it 3 or 三. Whether a sentence is for
training or for evaluation follows from a hash of its characters, so the two never meet.
"""

import re
import zlib
from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from random import Random

from tools.normalise import normalise
from training.llm import bank
from training.llm.corpus import ALL, conversation
from training.world.captions import full_caption, short_caption
from training.world.edits import sample_edit
from training.world.phrases import HELD_OUT, TRAIN, PhraseBank
from training.world.questions import ask
from training.world.scene import sample_scene

MOST_CHARACTERS = 26
_HELD_OUT_SHARE = 50  # one sentence in 50
_PAUSE = re.compile(r"[\s，。？！；：、,.?!;:…]+")
_HEARD = re.compile(r"[一-鿿，]+")
_CHIPS = re.compile(r"\[(?:img|aud)-\d+\]")
_BANKS = ("sayings", "transcripts", "topics", "scenes")
_ALL_SEEDS = 1 << 40
_DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True)
class Sentence:
    """`text` as it is heard; `kind` says which generator said it."""

    text: str
    kind: str


def is_held_out(text: str) -> bool:
    """Whether a sentence belongs to evaluation; pauses do not count."""
    return zlib.crc32(text.replace("，", "").encode()) % _HELD_OUT_SHARE == 0


def as_heard(text: str) -> str | None:
    """Written Chinese → characters and ，; None where something else remains, such as Latin."""
    spoken = _PAUSE.sub("，", normalise(_CHIPS.sub("", text))).strip("，")
    return spoken if _HEARD.fullmatch(spoken) else None


class Sentences:
    """Sentences without end: of training, or (`held_out`) of evaluation."""

    def __init__(self, words: Path | None = None, *, held_out: bool = False) -> None:
        """`words`: a lexicon with a line each of a word and how often it occurs, for compositions
        that cover more of the language than the product's own phrases do."""
        self._held_out = held_out
        self._lexicon = _Lexicon(words) if words else None
        self._share = [0.48, 0.14, 0.06, 0.06, 0.08, 0.06, 0.12 if words else 0.0]

    def draw(self, rng: Random, kind: str | None = None) -> Sentence:
        """A sentence of at most `MOST_CHARACTERS`, of a kind drawn by share or of `kind`."""
        while True:
            drawn = kind or rng.choices(KINDS, self._share)[0]
            heard = as_heard(self._say(drawn, rng))
            text = _some_clauses(heard, rng) if heard else ""
            if len(text) > 1 and is_held_out(text) == self._held_out:
                return Sentence(text, drawn)

    def _say(self, kind: str, rng: Random) -> str:
        if kind == "words":
            assert self._lexicon
            return self._lexicon.compose(rng)
        return _SPEAKERS[kind](rng, rng.choice((TRAIN, HELD_OUT)))


class _Lexicon:
    """Words of two characters and more, by the root of their frequency."""

    def __init__(self, path: Path) -> None:
        rows = [line.split() for line in path.read_text("utf-8").splitlines()]
        words = {row[0]: int(row[1]) for row in rows if len(row) > 1}
        self._words = [word for word in words if 2 <= len(word) <= 5 and _HEARD.fullmatch(word)]
        self._sums = list(accumulate(words[word] ** 0.5 for word in self._words))

    def compose(self, rng: Random) -> str:
        return "".join(self._word(rng) for _ in range(rng.choice((1, 2, 3, 3, 4, 5, 6))))

    def _word(self, rng: Random) -> str:
        return self._words[bisect(self._sums, rng.random() * self._sums[-1])]


def _some_clauses(text: str, rng: Random) -> str:
    """Neighbouring clauses that fit, from a place in the sentence; empty where none fits."""
    clauses = text.split("，")
    start = rng.randrange(len(clauses)) if len(text) > MOST_CHARACTERS else 0
    taken = ""
    for clause in clauses[start:]:
        longer = f"{taken}，{clause}" if taken else clause
        if len(longer) > MOST_CHARACTERS:
            break
        taken = longer
    return taken


def _talk(rng: Random, _: PhraseBank) -> str:
    """A turn of a person, at times of the assistant, without what is copied letter by letter."""
    messages = conversation(rng.randrange(_ALL_SEEDS), ALL).messages
    roles = ("user",) if rng.random() < 0.85 else ("user", "assistant")
    said = [m["content"] for m in messages if m["role"] in roles and m["content"]]
    text = str(rng.choice(said))
    return "" if "“" in text or '"' in text else text


def _caption(rng: Random, words: PhraseBank) -> str:
    scene = sample_scene(rng.randrange(_ALL_SEEDS))
    if rng.random() < 0.25:
        return short_caption(scene, rng, words).text
    return full_caption(scene, rng, words, detail=0.9).text


def _question(rng: Random, words: PhraseBank) -> str:
    exchange = rng.choice(ask(sample_scene(rng.randrange(_ALL_SEEDS)), rng, words))
    return exchange.question if rng.random() < 0.7 else exchange.answer


def _edit(rng: Random, words: PhraseBank) -> str:
    return sample_edit(sample_scene(rng.randrange(_ALL_SEEDS)), rng, words).instruction


def _line(rng: Random, _: PhraseBank) -> str:
    """A notice, a wish, a title, a verse."""
    if rng.random() < 0.3:
        return rng.choice(rng.choice(bank.lines("verses")).split("|")[2].split("。"))
    return rng.choice(bank.lines(rng.choice(_BANKS)))


def _number(rng: Random, _: PhraseBank) -> str:
    return rng.choice(_NUMBERS)(rng)


_NUMBERS: tuple[Callable[[Random], str], ...] = (
    lambda rng: f"{rng.randint(1950, 2035)}年{rng.randint(1, 12)}月{rng.randint(1, 28)}日",
    lambda rng: (
        f"{rng.randint(1, 12)}月{rng.randint(1, 28)}号{rng.choice(('上午', '下午', ''))}"
        f"{rng.randint(1, 12)}点{rng.choice(('', '半', f'{rng.randint(1, 59)}分'))}"
    ),
    lambda rng: "".join(rng.choice(_DIGITS) for _ in range(rng.randint(3, 11))),
    lambda rng: f"一共{rng.randint(1, 99999)}{rng.choice(('元', '块', '人', '张', '米', '个'))}",
    lambda rng: f"百分之{rng.randint(1, 100)}",
    lambda rng: f"温度是{rng.randint(-20, 40)}℃",
    lambda rng: f"第{rng.randint(1, 300)}{rng.choice(('页', '章', '名', '张', '集'))}",
    lambda rng: f"{rng.randint(0, 300)}.{rng.randint(0, 99)}",
)

_SPEAKERS: dict[str, Callable[[Random, PhraseBank], str]] = {
    "talk": _talk,
    "caption": _caption,
    "question": _question,
    "edit": _edit,
    "line": _line,
    "number": _number,
}
KINDS: tuple[str, ...] = (*_SPEAKERS, "words")
