"""Beam search over one text, as Whisper does it (Radford et al. 2022, section 4.5)."""

from collections.abc import Collection
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Hypothesis:
    """A text begun, or ended by one of the end tokens, which is left out of `tokens`.

    `logprob` is the sum over all its tokens, the end among them."""

    tokens: tuple[int, ...]
    logprob: float
    ended: bool = False

    @property
    def mean_logprob(self) -> float:
        """By which texts of different lengths are compared."""
        return self.logprob / max(1, len(self.tokens) + self.ended)


class Beams:
    """Keeps the likeliest `width` beginnings until as many texts have ended; greedy with one."""

    def __init__(self, width: int, ends: Collection[int]) -> None:
        self._width = width
        self._ends = frozenset(ends)
        self.going = [Hypothesis((), 0.0)]
        self._ended: list[Hypothesis] = []

    @property
    def done(self) -> bool:
        return len(self._ended) >= self._width or not self.going

    def texts(self) -> list[Hypothesis]:
        """Those that have ended; where none has, those begun."""
        return self._ended or self.going

    def advance(self, logprobs: torch.Tensor) -> list[int]:
        """A token more for each of `going`; logprobs [going, vocabulary] are float32.

        Which row each of the new `going` goes on from."""
        before = torch.tensor([text.logprob for text in self.going], device=logprobs.device)
        wanted = min(2 * self._width, logprobs.numel())
        scores, places = (before[:, None] + logprobs).flatten().topk(wanted)
        rows: list[int] = []
        going: list[Hypothesis] = []
        for score, place in zip(scores.tolist(), places.tolist(), strict=True):
            row, token = divmod(place, logprobs.shape[1])
            if score == -torch.inf or len(going) == self._width or self.done:
                break
            if token in self._ends:
                self._ended.append(Hypothesis(self.going[row].tokens, score, ended=True))
            else:
                going.append(Hypothesis((*self.going[row].tokens, token), score))
                rows.append(row)
        self.going = going
        return rows
