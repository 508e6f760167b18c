"""A tool call in place of a guess, for a language model that knows little beside its tools."""

import torch


class Opening:
    """At the first token of a reply: opens a call where no token is likely, but a call not
    unlikely. What it would say instead is a guess, and several words share the odds of saying
    something."""

    def __init__(self, token: int, unsure_below: float, call_from: float) -> None:
        """`token` opens a call. It is taken if its probability is `call_from` at least, and that of
        the likeliest token below `unsure_below`."""
        self._token = token
        self._unsure_below, self._call_from = unsure_below, call_from
        self._is_over = False

    def apply(self, logits: torch.Tensor) -> None:
        """Make `token` the only one in logits [vocabulary], in place, if it is to be taken."""
        if self._is_over:
            return
        chances = logits.softmax(-1)
        is_unsure = float(chances.max()) < self._unsure_below
        if is_unsure and float(chances[self._token]) >= self._call_from:
            taken = logits[self._token].clone()
            logits.fill_(-torch.inf)
            logits[self._token] = taken

    def accept(self, token: int) -> None:
        """The first one was chosen."""
        del token
        self._is_over = True
