"""How many pictures a search shall find, where a small model leaves that out of its call."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agent.numerals import NUMERAL, number_of
from agent.parsing import CallArguments, CallStart, Piece

_COUNT = re.compile(rf"(?<!第)({NUMERAL})\s*[张幅]")
_ARGUMENT = "top_k"


def asked_count(question: str) -> int | None:
    """The first number of pictures in `question`: 找三张 → 3; 第三张 is none."""
    found = _COUNT.search(question)
    return None if found is None else number_of(found[1])


def counted(pieces: Iterator[Piece], question: str, limits: Mapping[str, int]) -> Iterator[Piece]:
    """`pieces`, with the number that the person named in calls that say none. `limits`: the most
    that a tool takes, by its name; others are left alone."""
    count = asked_count(question)
    if count is None:
        yield from pieces
        return
    open_call: CallStart | None = None
    held = ""
    for piece in pieces:
        if isinstance(piece, CallArguments) and open_call and piece.index == open_call.index:
            held += piece.delta
            continue
        if open_call is not None:
            yield CallArguments(open_call.index, _with_count(held, count))
            open_call, held = None, ""
        if isinstance(piece, CallStart) and count <= limits.get(piece.name, 0):
            open_call = piece
        yield piece
    if open_call is not None:
        yield CallArguments(open_call.index, _with_count(held, count))


def limits_of(tools: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The most pictures that each tool finds, of those that take a number."""
    functions = [tool["function"] for tool in tools]
    numbers = {f["name"]: f["parameters"].get("properties", {}).get(_ARGUMENT) for f in functions}
    return {name: int(field.get("maximum", 0)) for name, field in numbers.items() if field}


def _with_count(arguments: str, count: int) -> str:
    """`arguments` as they are, unless they are an object without a number."""
    try:
        given = json.loads(arguments)
    except ValueError:
        return arguments
    if not isinstance(given, dict) or _ARGUMENT in given:
        return arguments
    return json.dumps({**given, _ARGUMENT: count}, ensure_ascii=False)
