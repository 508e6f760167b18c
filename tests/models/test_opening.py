"""Where a model is unsure of its words, a call that is not unlikely is made."""

import pytest
import torch

from models.decoding.opening import Opening

CALL = 2


@pytest.mark.parametrize(
    ("chances", "taken"),
    [
        ([0.4, 0.25, 0.35], CALL),  # two words share the odds against a call
        ([0.7, 0.0, 0.3], 0),  # sure of its words
        ([0.45, 0.30, 0.25], 0),  # a call is less likely than that
        ([0.1, 0.0, 0.9], CALL),
    ],
)
def test_a_guess_gives_way_to_a_call(chances: list[float], taken: int) -> None:
    logits = torch.tensor(chances).log()
    Opening(CALL, unsure_below=0.64, call_from=0.3).apply(logits)
    assert int(logits.argmax()) == taken
    assert logits.softmax(-1).isfinite().all()


def test_only_the_first_token_is_looked_at() -> None:
    rule = Opening(CALL, unsure_below=0.64, call_from=0.3)
    rule.apply(torch.tensor([0.9, 0.05, 0.05]).log())
    rule.accept(0)
    logits = torch.tensor([0.4, 0.25, 0.35]).log()
    rule.apply(logits)
    assert int(logits.argmax()) == 0
