"""Beam search: wider finds likelier texts, and one beam is greedy."""

from itertools import product
from math import log

import pytest
import torch

from models.decoding.beams import Beams, Hypothesis

END = 2
LENGTH = 3


def logprobs(tokens: tuple[int, ...]) -> torch.Tensor:
    """Of what follows `tokens`: random, but always the same."""
    seed = 1 + sum((token + 1) * 7**place for place, token in enumerate(tokens))
    return torch.randn(3, generator=torch.Generator().manual_seed(seed)).mul(2).log_softmax(0)


def search(width: int) -> Hypothesis:
    beams = Beams(width, {END})
    for _ in range(LENGTH + 1):
        before = [text.tokens for text in beams.going]
        rows = beams.advance(torch.stack([logprobs(tokens) for tokens in before]))
        assert [before[row] for row in rows] == [text.tokens[:-1] for text in beams.going]
        if beams.done:
            break
    return best(beams)


def best(beams: Beams) -> Hypothesis:
    return max(beams.texts(), key=lambda text: text.mean_logprob)


def greedy() -> tuple[int, ...]:
    tokens: tuple[int, ...] = ()
    while len(tokens) <= LENGTH and (token := int(logprobs(tokens).argmax())) != END:
        tokens = (*tokens, token)
    return tokens


def mean(tokens: tuple[int, ...]) -> float:
    whole = (*tokens, END)
    total = sum(float(logprobs(whole[:place])[token]) for place, token in enumerate(whole))
    return total / len(whole)


def test_one_beam_is_greedy() -> None:
    assert search(1).tokens == greedy()


def test_a_beam_as_wide_as_all_texts_finds_the_likeliest() -> None:
    texts = [text for n in range(LENGTH + 1) for text in product((0, 1), repeat=n)]
    found = search(len(texts))
    assert found.tokens == max(texts, key=mean)
    assert found.mean_logprob == pytest.approx(mean(found.tokens), abs=1e-5)


def test_two_beams_see_past_a_first_word_that_leads_nowhere() -> None:
    first = torch.tensor([[0.6, 0.4, 1e-9]]).log()
    after = torch.tensor([[0.3, 0.3, 0.4], [0.001, 0.001, 0.998]]).log()  # after 0, after 1
    texts = {}
    for width in (1, 2):
        beams = Beams(width, {END})
        beams.advance(first)
        beams.advance(after[[text.tokens[0] for text in beams.going]])
        texts[width] = best(beams).tokens
    assert texts == {1: (0,), 2: (1,)}


def test_a_text_that_never_ends_is_what_has_begun() -> None:
    beams = Beams(2, {END})
    for _ in range(2):
        beams.advance(torch.tensor([[log(0.6), log(0.4), -torch.inf]] * len(beams.going)))
    assert not beams.done
    assert best(beams).tokens == (0, 0)


def test_a_token_that_is_never_allowed_is_never_taken() -> None:
    beams = Beams(3, {END})
    assert beams.advance(torch.tensor([[0.0, -torch.inf, -torch.inf]])) == [0]
    assert [text.tokens for text in beams.going] == [(0,)]
