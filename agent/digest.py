"""The turns that no longer fit, in a few words each: mechanical, so that all handles are right.

    （前面的对话：1 我说“帮我找几张有拱桥的图”，找到4张图片：img-1至img-4；…）

What was asked is the person's own words, what came of it the tools' own; nothing is retold.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.messages import BaseMessage, ToolMessage

from agent.history import asked
from tools.handles import kind_of

_ASKED, _RESULT = 24, 40  # characters of a turn's words and of one result
_RUN = re.compile(r"\[?(?:img|aud)-[1-9]\d{0,5}\]?(?:、?\[?(?:img|aud)-[1-9]\d{0,5}\]?)+")
_HANDLE = re.compile(r"(?:img|aud|txt)-[1-9]\d{0,5}")


@dataclass(frozen=True)
class _Line:
    """One turn. `handles`: all that appeared in it."""

    words: str
    handles: tuple[str, ...]


def digest(turns: Sequence[Sequence[BaseMessage]], characters: int) -> str:
    """`turns`, the oldest first, in at most about so many `characters`.

    Where room is short, turns without a file go first; then those between the first and the
    newest are told by their handles alone.
    """
    lines = [_line(number, turn) for number, turn in enumerate(turns, 1)]
    if _size(lines) > characters:
        lines = [line for line in lines if line.handles]
    first, rest = lines[:1], lines[1:]
    folded: list[_Line] = []
    while rest and _size([*first, *_fold(folded), *rest]) > characters:
        folded.append(rest.pop(0))
    told = "；".join(line.words for line in [*first, *_fold(folded), *rest])
    return f"（前面的对话：{told}。）" if told else ""


def _size(lines: Sequence[_Line]) -> int:
    return sum(len(line.words) + 1 for line in lines)


def _fold(lines: Sequence[_Line]) -> list[_Line]:
    handles = [handle for line in lines for handle in line.handles]
    return [_Line(f"后来还有{_ranges(handles)}", tuple(handles))] if handles else []


def _line(number: int, turn: Sequence[BaseMessage]) -> _Line:
    request = asked(turn)
    results = [m.text for m in turn if isinstance(m, ToolMessage)]
    handles = tuple(dict.fromkeys(_HANDLE.findall("\n".join([request, *results]))))
    parts = [f"“{_shortened(request, _ASKED)}”", *(_shortened(text, _RESULT) for text in results)]
    words = f"{number} 我说" + "，".join(parts)
    lost = [handle for handle in _media(handles) if handle not in _named(words)]
    return _Line(words + (f"（{_ranges(lost)}）" if lost else ""), handles)


def _shortened(text: str, characters: int) -> str:
    line = _RUN.sub(lambda run: _ranges(_HANDLE.findall(run[0])), " ".join(text.split()))
    return line if len(line) <= characters else _whole_handles(line[: characters - 1]) + "…"


def _whole_handles(cut: str) -> str:
    """`cut` without half a handle at its end: img-12 must not become img-1."""
    return re.sub(r"(?:[iat]\w{0,2}-?\d*)$", "", cut)


def _media(handles: Sequence[str]) -> list[str]:
    return [handle for handle in handles if kind_of(handle) is not None]


def _named(words: str) -> set[str]:
    """The handles that `words` name, those inside of ranges too."""
    named = set(_HANDLE.findall(words))
    for prefix, first, last in re.findall(r"(img|aud|txt)-(\d+)至\1-(\d+)", words):
        named |= {f"{prefix}-{number}" for number in range(int(first), int(last) + 1)}
    return named


def _ranges(handles: Sequence[str]) -> str:
    """`img-1至img-4、aud-1`: by kind and number, runs of three and more by their ends."""
    runs: list[list[str]] = []
    for handle in sorted(set(handles), key=_place):
        if runs and handle == _next(runs[-1][-1]):
            runs[-1].append(handle)
        else:
            runs.append([handle])
    return "、".join(f"{r[0]}至{r[-1]}" if len(r) > 2 else "、".join(r) for r in runs)


def _place(handle: str) -> tuple[int, int]:
    prefix, _, number = handle.partition("-")
    return ("img", "aud", "txt").index(prefix), int(number)


def _next(handle: str) -> str:
    prefix, _, number = handle.partition("-")
    return f"{prefix}-{int(number) + 1}"
