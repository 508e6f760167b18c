"""Arguments of calls keep to the words of the conversation, softly, and nothing else does; what is
quoted, read aloud or a number is taken over whole."""

import pytest
import torch

from models.decoding.copying import CopyPenalty, Source

BEGIN, END = b"<tool_call>", b"</tool_call>"
HEAD = b'\n{"name": "search_images", "arguments": {"query": "'
SPEAK = b'\n{"name": "speak", "arguments": {"text": "'
WORDS = ["图", "雾", "凇", "缭", "query", "Pic", "雾缭", "，"]
BITS = ["凇".encode()[:1], "凇".encode()[1:], "缭".encode()[1:], "貔".encode()[:1]]
CLOSE = b'"}}\n'
VOCABULARY = [BEGIN, END, HEAD, SPEAK, CLOSE, *(word.encode() for word in WORDS), *BITS]


def penalty(text: str = "搜一下图：雾凇") -> CopyPenalty:
    return CopyPenalty(VOCABULARY, Source(text, frozenset({"speak"})), 6.0)


def lowered(follower: CopyPenalty, *written: bytes) -> dict[bytes, float]:
    """By how much each token is less likely, after `written`."""
    for token in written:
        follower.accept(VOCABULARY.index(token))
    logits = torch.zeros(len(VOCABULARY))
    follower.apply(logits)
    return dict(zip(VOCABULARY, (-logits).tolist(), strict=True))


def test_words_outside_of_a_call_are_left_alone() -> None:
    assert not any(lowered(penalty(), "缭".encode()).values())
    assert not any(lowered(penalty(), BEGIN).values())
    assert not any(lowered(penalty(), BEGIN, HEAD, "雾".encode(), CLOSE, END).values())


def test_what_nobody_said_is_less_likely_in_an_argument() -> None:
    costs = lowered(penalty(), BEGIN, HEAD)
    assert costs["缭".encode()] == costs["雾缭".encode()] == costs[b"Pic"] == 6.0
    assert costs["雾".encode()] == costs["凇".encode()] == costs["，".encode()] == 0.0
    assert costs[CLOSE] == 0.0


def test_going_on_elsewhere_in_the_text_costs_a_little() -> None:
    costs = lowered(penalty(), BEGIN, HEAD, "雾".encode())
    assert costs["凇".encode()] == costs[CLOSE] == costs["，".encode()] == 0.0
    assert costs["图".encode()] == 2.0
    assert costs["缭".encode()] == 6.0


def test_letters_of_several_tokens_are_followed_to_their_end() -> None:
    begun, other = "凇".encode()[:1], "貔".encode()[:1]
    costs = lowered(penalty(), BEGIN, HEAD)
    assert costs[begun] == 0.0
    assert costs[other] == 6.0
    costs = lowered(penalty(), BEGIN, HEAD, "雾".encode(), begun)
    assert costs["凇".encode()[1:]] == 0.0
    assert costs["缭".encode()[1:]] == 6.0


def test_what_may_be_known_by_heart_is_left_alone() -> None:
    assert not any(lowered(penalty(), BEGIN, SPEAK).values())


def test_a_half_letter_in_what_was_said_does_no_harm() -> None:
    assert lowered(penalty("\ud83d雾"), BEGIN, HEAD)["雾".encode()] == 0.0


SAID = ["1", "2", "3", ",", ".", "元", "，", "明", "天", '"', "。"]
SAYING = [BEGIN, END, HEAD, SPEAK, *(word.encode() for word in SAID), '，"'.encode()]


def may_follow(request: str, written: str, head: bytes = SPEAK) -> str:
    """What is not made less likely, of single letters, after `written`."""
    source = Source(request, frozenset({"speak"}), request)
    follower = CopyPenalty(SAYING, source, 6.0)
    for token in (BEGIN, head, *(letter.encode() for letter in written)):
        follower.accept(SAYING.index(token))
    logits = torch.zeros(len(SAYING))
    follower.apply(logits)
    free = [token for token, logit in zip(SAYING, logits.tolist(), strict=True) if logit == 0]
    return "".join(token.decode() for token in free if len(token.decode()) == 1)


@pytest.mark.parametrize("request_", ["读出来：12元，明天", "念“12元，明天”", '朗读"12元，明天"'])
def test_what_is_read_aloud_is_read_to_its_end(request_: str) -> None:
    assert may_follow(request_, "12") == "元"
    assert may_follow(request_, "12元") == "，"
    assert may_follow(request_, "12元，明") == "天"
    assert '"' in may_follow(request_, "12元，明天")


def test_a_quoted_text_is_copied_whole_by_every_tool_and_a_colon_binds_only_reading() -> None:
    assert may_follow("找“明天，12元”的图", "明天", HEAD) == "，"
    assert '"' in may_follow("找一下：明天，12元", "明天", HEAD)


def test_a_number_loses_none_of_its_digits_and_gets_none() -> None:
    assert may_follow("读1,231元，不是12元", "1") == "2,"
    assert may_follow("读1,231元，不是12元", "1,23") == "1"
    free = may_follow("读1,231元，不是12元", "12")
    assert "元" in free
    assert not set("123") & set(free)


def test_a_number_that_nobody_said_is_free() -> None:
    assert set("123元") <= set(may_follow("读一下明天的天", "3"))


def test_the_digits_of_a_handle_are_no_number_of_the_text() -> None:
    source = Source("img-1，共123元", frozenset())
    words = [BEGIN, HEAD, b"img-1", b'"', b"2", b"23"]
    follower = CopyPenalty(words, source, 6.0)
    for token in (BEGIN, HEAD, b"img-1"):
        follower.accept(words.index(token))
    logits = torch.zeros(len(words))
    follower.apply(logits)
    assert logits[words.index(b'"')] == 0
