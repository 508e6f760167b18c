"""How people say it: openings, stories, closings, dictation, typos. Slots are never touched."""

import re
from collections.abc import Callable
from random import Random

from training.llm import bank, scenes

_HOLE = "\ue000"
_FILLERS = ("嗯", "呃", "那个", "就是", "就是说", "然后", "这个")
_TYPOS = dict(zip("的得在再帮图像那做吗照张字画", "得的再在邦途象哪作嘛找章子话", strict=True))
_DIALECT = [("什么", "啥"), ("怎么", "咋"), ("我", "俺"), ("没有", "木有"), ("一下", "哈")]
_DIALECT += [("什么", "么子"), ("给我", "畀我"), ("这个", "介个"), ("一下", "下子"), ("非常", "老")]
_PUNCTUATION = re.compile(r"[，。、；：？！,.;:?!]")


def say(frame: str, slots: dict[str, str], rng: Random) -> str:
    """A decided frame with its slots, spoken by somebody: the slots stand in it unchanged."""
    text = bank.fill(frame, lambda name: f"{_HOLE}{name}{_HOLE}")
    text = _around(_noisy(text, rng), rng)
    parts = text.split(_HOLE)
    return "".join(slots[part] if odd % 2 else part for odd, part in enumerate(parts))


def _noisy(text: str, rng: Random) -> str:
    if rng.random() < 0.12:
        text = _swap(text, *rng.choice(_DIALECT))
    if rng.random() < 0.06:
        text = _typo(text, rng)
    if rng.random() < 0.06:
        text = _filler(text, rng)
    return text


def _around(text: str, rng: Random) -> str:
    """Stories before, thanks after, and dictation without punctuation."""
    if rng.random() < 0.16:
        text = opening(rng) + text
    if rng.random() < 0.12:
        text = story(rng) + text
    if rng.random() < 0.18:
        text = text.rstrip("？！。") + rng.choice(bank.lines("closings"))
    return _quoted(_punctuated(text, rng), rng)


def _punctuated(text: str, rng: Random) -> str:
    """As it is, dictated without punctuation, ended with a mark, or typed with half-width ones."""
    style = rng.random()
    if style < 0.12:
        return _outside(text, lambda part: _PUNCTUATION.sub(" ", part)).strip()
    if style < 0.2:
        return _outside(text, lambda part: _PUNCTUATION.sub("", part))
    if style < 0.3 and text[-1] not in "。！？":
        return text + rng.choice("。。？！")
    if style < 0.34:
        return _outside(text, lambda part: part.replace("，", ",").replace("？", "?"))
    return text


def _quoted(text: str, rng: Random) -> str:
    """Quotation marks as people type them, or none."""
    pairs = ["“”"] * 70 + ['""'] * 15 + ["「」"] * 8 + ["", ""] * 3
    pair = rng.choice(pairs)
    opening_mark, closing_mark = (pair[0], pair[1]) if pair else ("", "")
    return text.replace("“", opening_mark).replace("”", closing_mark)


def opening(rng: Random) -> str:
    return "".join(rng.sample(bank.lines("openings"), rng.choice([1, 1, 1, 2])))


def story(rng: Random) -> str:
    """One or two sentences about the speaker's life; distractors for whoever routes by keyword."""
    chosen = rng.sample(bank.lines("stories"), rng.choice([1, 1, 2]))
    return "".join(bank.fill(bank.expand(line, rng), scenes.slot(rng)) for line in chosen)


def _outside(text: str, change: Callable[[str], str]) -> str:
    """Apply `change` to what lies outside the slots."""
    parts = text.split(_HOLE)
    return _HOLE.join(part if odd % 2 else change(part) for odd, part in enumerate(parts))


def _swap(text: str, old: str, new: str) -> str:
    return _outside(text, lambda part: part.replace(old, new, 1))


def _typo(text: str, rng: Random) -> str:
    places = [i for i, character in enumerate(text) if character in _TYPOS]
    if not places:
        return text
    place = rng.choice(places)
    return text[:place] + _TYPOS[text[place]] + text[place + 1 :]


def _filler(text: str, rng: Random) -> str:
    if text.startswith(_HOLE):
        return text
    return rng.choice(_FILLERS) + rng.choice(["，", "", " "]) + text
