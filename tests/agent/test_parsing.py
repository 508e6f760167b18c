"""Reading a reply as it is decoded."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast as Tokenizer

from agent.parsing import (
    CallArguments,
    CallStart,
    HermesParser,
    Piece,
    Reasoning,
    Words,
    detokenise,
)

CALL = (
    '<tool_call>\n{"name": "find", "arguments": '
    '{"query": "拱桥 } \\" {", "n": {"a": [1]}}}\n</tool_call>'
)


def read(text: str, cuts: list[int] | None = None) -> list[Piece]:
    parser = HermesParser()
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts or [])})
    pieces = [p for a, b in pairwise(edges) for p in parser.feed(text[a:b])]
    return [*pieces, *parser.close()]


def words(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Words))


def calls(pieces: list[Piece]) -> list[tuple[str, object]]:
    names = {p.index: p.name for p in pieces if isinstance(p, CallStart)}
    arguments = dict.fromkeys(names, "")
    for piece in pieces:
        if isinstance(piece, CallArguments):
            arguments[piece.index] += piece.delta
    return [(name, json.loads(arguments[index])) for index, name in names.items()]


@given(st.lists(st.integers(0, 400), max_size=12))
def test_cut_anywhere_a_reply_reads_the_same(cuts: list[int]) -> None:
    pieces = read(f"<think>\n想想 a<b\n</think>\n\n好的，1<2。\n{CALL}\n{CALL}", cuts)
    assert "".join(p.text for p in pieces if isinstance(p, Reasoning)) == "想想 a<b"
    assert words(pieces) == "好的，1<2。"
    assert calls(pieces) == [("find", {"query": '拱桥 } " {', "n": {"a": [1]}})] * 2


@given(st.text('<>/_tolcahink \n{}"a', max_size=60), st.lists(st.integers(0, 60), max_size=5))
def test_no_tag_ever_comes_out_as_words(text: str, cuts: list[int]) -> None:
    said = words(read(text, cuts))
    for tag in ("<think>", "</think>", "<tool_call>", "</tool_call>"):
        assert tag not in said


def test_the_name_is_known_before_the_arguments_are() -> None:
    parser = HermesParser()
    assert parser.feed('<tool_call>\n{"name": "find", "argu') == [CallStart(0, "find")]


def test_words_come_out_as_they_are_decoded() -> None:
    parser = HermesParser()
    assert parser.feed("好") == [Words("好")]
    assert parser.feed("的<") == [Words("的")]
    assert parser.feed("3") == [Words("<3")]


def test_keys_in_another_order_make_the_same_call() -> None:
    text = '<tool_call>{"arguments": {"query": "桥"}, "name": "find"}</tool_call>'
    assert calls(read(text)) == [("find", {"query": "桥"})]


@given(st.lists(st.integers(0, 100), max_size=6))
def test_an_argument_may_hold_markup(cuts: list[int]) -> None:
    text = (
        '<tool_call>\n{"name": "speak", "arguments": {"text": "读</tool_call>吧"}}\n</tool_call>好'
    )
    pieces = read(text, cuts)
    assert calls(pieces) == [("speak", {"text": "读</tool_call>吧"})]
    assert words(pieces) == "好"


def test_half_a_call_is_a_call_with_half_its_arguments() -> None:
    pieces = read('<tool_call>\n{"name": "find", "arguments": {"query": "桥')
    assert pieces == [CallStart(0, "find"), CallArguments(0, '{"query": "桥')]


@pytest.mark.parametrize("text", ["<tool_call>胡言乱语</tool_call>", "<tool_call>[1", "好<tool_"])
def test_broken_markup_is_not_shown(text: str) -> None:
    assert words(read(text)) in ("", "好")
    assert calls(read(text)) == []


@given(st.text(max_size=30))
def test_detokenising_gives_every_character_whole(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    pieces = list(detokenise(ids, lambda some: str(tokenizer.decode(some)), frozenset()))
    assert "".join(pieces) == text.replace("\N{REPLACEMENT CHARACTER}", "")
    assert all("\N{REPLACEMENT CHARACTER}" not in piece for piece in pieces)


def test_bytes_that_are_no_character_are_dropped(tokenizer: Tokenizer) -> None:
    ids = tokenizer("好了", add_special_tokens=False)["input_ids"]
    broken = [*ids[:2], *ids[3:]]  # 好 without its last byte
    assert (
        "".join(detokenise(broken, lambda some: str(tokenizer.decode(some)), frozenset())) == "了"
    )


def test_hidden_tokens_are_left_out(tokenizer: Tokenizer) -> None:
    ids = [*tokenizer("好", add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    hidden = frozenset({tokenizer.eos_token_id})
    assert list(detokenise(ids, lambda some: str(tokenizer.decode(some)), hidden)) == ["好"]
