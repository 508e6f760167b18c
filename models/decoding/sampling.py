"""From logits to the next token."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import torch

from models.errors import InvalidRequest


@dataclass(frozen=True)
class Sampling:
    """How to choose tokens. Temperature 0 takes the likeliest; `top_k` 0 does not limit."""

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    repetition_penalty: float = 1.0
    seed: int | None = None
    max_new_tokens: int = 512

    def __post_init__(self) -> None:
        bounds = {
            "temperature": 0.0 <= self.temperature <= 10.0,
            "top_p": 0.0 < self.top_p <= 1.0,
            "top_k": self.top_k >= 0,
            "repetition_penalty": 0.0 < self.repetition_penalty <= 10.0,
            "max_new_tokens": self.max_new_tokens >= 1,
        }
        for name, good in bounds.items():
            if not good:
                value = getattr(self, name)
                raise InvalidRequest(
                    f"采样参数 {name} 不能是 {value}，请改正。",
                    f"The sampling parameter {name} cannot be {value}; correct it.",
                )


class Rule(Protocol):
    """Has a say in what comes next; follows one generation token by token."""

    def apply(self, logits: torch.Tensor) -> None:
        """Change logits [vocabulary] in place."""

    def accept(self, token: int) -> None:
        """Go on past `token`, which was chosen."""


class Sampler:
    """Chooses one token after another from logits [vocabulary] float32, which it may overwrite."""

    def __init__(self, sampling: Sampling, prompt: Iterable[int], device: torch.device) -> None:
        self._sampling = sampling
        self._generator = torch.Generator(device)
        if sampling.seed is not None:
            self._generator.manual_seed(sampling.seed)
        else:
            self._generator.seed()
        self._seen = torch.tensor(sorted(set(prompt)), device=device)

    def penalise(self, logits: torch.Tensor) -> None:
        """Make tokens seen before less likely (Keskar et al. 2019, CTRL, section 4.1)."""
        penalty = self._sampling.repetition_penalty
        if penalty != 1.0:
            seen = logits[self._seen]
            logits[self._seen] = torch.where(seen < 0, seen * penalty, seen / penalty)

    def choose(self, logits: torch.Tensor) -> int:
        """The next token. At least one logit is finite."""
        token = self._likeliest(logits) if self._sampling.temperature == 0 else self._drawn(logits)
        if self._sampling.repetition_penalty != 1.0:
            self._seen = torch.cat([self._seen, self._seen.new_tensor([token])])
        return token

    @staticmethod
    def _likeliest(logits: torch.Tensor) -> int:
        return int(logits.argmax())

    def _drawn(self, logits: torch.Tensor) -> int:
        logits = logits / self._sampling.temperature
        count = min(self._sampling.top_k or logits.numel(), logits.numel())
        top, tokens = logits.topk(count)  # [count], sorted
        probabilities = top.softmax(-1)
        # The nucleus (Holtzman et al. 2020): the first tokens that together reach top_p.
        before = probabilities.cumsum(-1) - probabilities
        probabilities[before >= self._sampling.top_p] = 0.0
        drawn = torch.multinomial(probabilities, 1, generator=self._generator)
        return int(tokens[drawn])
