"""The phrase banks: data files beside this module, and the small grammar that they are written in.

A frame is one line: `(a|b|)` is a choice, `{name}` is a slot. A file may be cut into sections by
lines like `[name]`; `#` starts a comment.
"""

import re
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

PHRASES = Path(__file__).parent / "phrases"
_CHOICE = re.compile(r"\(([^()]*)\)")
_SLOT = re.compile(r"\{(\w+)\}")


@cache
def lines(name: str) -> tuple[str, ...]:
    """The lines of `phrases/<name>.txt` without comments."""
    text = (PHRASES / f"{name}.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


@cache
def sections(name: str) -> dict[str, tuple[str, ...]]:
    """Section → its lines, for a file cut by `[section]` lines."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines(name):
        if line.startswith("["):
            title, _, rest = line[1:].partition("]")
            current = found.setdefault(title, [])
            current.extend([rest.strip()] if rest.strip() else [])
        else:
            current.append(line)
    return {title: tuple(body) for title, body in found.items()}


@cache
def words(name: str) -> dict[str, tuple[str, ...]]:
    """Key → words of `phrases/<name>.toml`, whose values are words separated by spaces."""
    data = tomllib.loads((PHRASES / f"{name}.toml").read_text(encoding="utf-8"))
    return {key: tuple(value.split()) for key, value in data.items()}


@cache
def replies(name: str) -> tuple[str, ...]:
    data = tomllib.loads((PHRASES / "replies.toml").read_text(encoding="utf-8"))
    return tuple(data[name])


def expand(frame: str, rng: Random) -> str:
    """Every `(a|b)` of `frame` decided, innermost first."""
    while "(" in frame:
        decided = _CHOICE.sub(lambda match: rng.choice(match[1].split("|")), frame)
        if decided == frame:
            break
        frame = decided
    return frame


def slots_of(text: str) -> list[str]:
    return _SLOT.findall(text)


def fill(text: str, slot: Callable[[str], str]) -> str:
    """Every `{name}` of `text` replaced by `slot(name)`."""
    return _SLOT.sub(lambda match: slot(match[1]), text)
