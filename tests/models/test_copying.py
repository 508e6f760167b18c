"""Arguments of calls keep to the words of the conversation, softly, and nothing else does."""

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
