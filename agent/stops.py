"""Ends a reply before the first stop sequence, as a person would have cut it."""

from collections.abc import Iterable, Iterator, Sequence

from agent.parsing import Piece, Words


def until(pieces: Iterable[Piece], sequences: Sequence[str]) -> Iterator[Piece]:
    """`pieces` up to the first of `sequences` in their words; calls and thoughts are not searched.

    Words that may be the beginning of one are held back until it is known.
    """
    held = ""
    for piece in pieces:
        if isinstance(piece, Words):
            text = held + piece.text
            end = _first(text, sequences)
            held = "" if end is not None else text[len(text) - _beginning(text, sequences) :]
            said = text[: len(text) - len(held)] if end is None else text[:end]
            if said:
                yield Words(said)
            if end is not None:
                return
        else:
            if held:
                yield Words(held)
            held = ""
            yield piece
    if held:
        yield Words(held)


def _first(text: str, sequences: Sequence[str]) -> int | None:
    return min((at for s in sequences if (at := text.find(s)) >= 0), default=None)


def _beginning(text: str, sequences: Sequence[str]) -> int:
    """Length of the longest end of `text` that one of them begins with."""
    longest = max(map(len, sequences), default=1) - 1
    ends = range(min(longest, len(text)), 0, -1)
    return next((n for n in ends if any(s.startswith(text[-n:]) for s in sequences)), 0)
