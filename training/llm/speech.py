"""How people say it: openings, stories, closings, dictation, typos. Slots are never touched."""

import re
from random import Random

from training.llm import bank, scenes

_HOLE = "\ue000"
_FILLERS = ("嗯", "呃", "那个", "就是", "就是说", "然后", "这个")
_TYPOS = {
    "的": "得", "得": "的", "在": "再", "再": "在", "帮": "邦", "图": "途", "像": "象",
    "那": "哪", "做": "作", "吗": "嘛", "照": "找", "念": "年", "张": "章", "字": "子", "画": "话",
}  # fmt: skip
_DIALECT = [
    ("什么", "啥"), ("怎么", "咋"), ("我", "俺"), ("没有", "木有"), ("一下", "哈"), ("什么", "么子"),
    ("给我", "畀我"), ("好的", "中"), ("这个", "介个"), ("一下", "下子"), ("非常", "老"), ("什么", "嘛"),
]  # fmt: skip
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
    style = rng.random()
    if style < 0.12:
        text = _outside(text, lambda part: _PUNCTUATION.sub(" ", part)).strip()
    elif style < 0.2:
        text = _outside(text, lambda part: _PUNCTUATION.sub("", part))
    elif style < 0.3 and text[-1] not in "。！？":
        text += rng.choice("。。？！")
    elif style < 0.34:
        text = _outside(text, lambda part: part.replace("，", ",").replace("？", "?"))
    if rng.random() < 0.15:
        text = text.replace("“", '"').replace("”", '"')
    elif rng.random() < 0.08:
        text = text.replace("“", "「").replace("”", "」")
    elif rng.random() < 0.06:
        text = text.replace("“", "").replace("”", "")
    return text


def opening(rng: Random) -> str:
    return "".join(rng.sample(bank.lines("openings"), rng.choice([1, 1, 1, 2])))


def story(rng: Random) -> str:
    """One or two sentences about the speaker's life; distractors for whoever routes by keyword."""
    chosen = rng.sample(bank.lines("stories"), rng.choice([1, 1, 2]))
    return "".join(bank.fill(bank.expand(line, rng), scenes.slot(rng)) for line in chosen)


def _outside(text: str, change):  # type: ignore[no-untyped-def]
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
