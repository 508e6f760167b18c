"""A reply ends before its first stop sequence, wherever the pieces of it fall."""

import pytest

from agent.parsing import CallArguments, CallStart, Piece, Reasoning, Words
from agent.stops import until


def words(text: str, size: int) -> list[Piece]:
    return [Words(text[i : i + size]) for i in range(0, len(text), size)]


def said(pieces: list[Piece], *sequences: str) -> str:
    return "".join(p.text for p in until(pieces, sequences) if isinstance(p, Words))


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize(
    ("text", "sequences", "kept"),
    [
        ("一二三四五六", ("四五",), "一二三"),
        ("ababac", ("abac",), "ab"),
        ("一二三", ("三四",), "一二三"),
        ("一二三四", ("四", "二三"), "一"),
        ("一二", (), "一二"),
    ],
)
def test_words_end_before_the_first_sequence(
    size: int, text: str, sequences: tuple[str, ...], kept: str
) -> None:
    assert said(words(text, size), *sequences) == kept


def test_calls_and_thoughts_are_not_searched() -> None:
    pieces = [
        Reasoning("停"),
        Words("好"),
        CallStart(0, "停"),
        CallArguments(0, "停"),
        Words("停了"),
    ]
    assert list(until(pieces, ["停"])) == pieces[:4]
