"""What a small model leaves out of a call is put in before anybody sees the call."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agent.parsing import CallArguments, CallStart, Piece

Mend = Callable[[dict[str, Any]], dict[str, Any]]
"""Arguments of a call → the same, or what they should have been."""


def mended(pieces: Iterator[Piece], *mends: Mapping[str, Mend]) -> Iterator[Piece]:
    """`pieces`, with the arguments of each call mended in order. `mends`: by the tool's name; calls
    of other tools are handed on while they are written."""
    open_call: CallStart | None = None
    held = ""
    for piece in pieces:
        if isinstance(piece, CallArguments) and open_call and piece.index == open_call.index:
            held += piece.delta
            continue
        if open_call is not None:
            yield _whole(open_call, held, mends)
            open_call, held = None, ""
        if isinstance(piece, CallStart) and any(piece.name in one for one in mends):
            open_call = piece
        yield piece
    if open_call is not None:
        yield _whole(open_call, held, mends)


def _whole(call: CallStart, arguments: str, mends: tuple[Mapping[str, Mend], ...]) -> Piece:
    """As they are, unless they are an object that is in need of mending."""
    try:
        given = json.loads(arguments)
    except ValueError:
        return CallArguments(call.index, arguments)
    if not isinstance(given, dict):
        return CallArguments(call.index, arguments)
    better = dict(given)
    for one in mends:
        better = one[call.name](better) if call.name in one else better
    told = arguments if better == given else json.dumps(better, ensure_ascii=False)
    return CallArguments(call.index, told)
