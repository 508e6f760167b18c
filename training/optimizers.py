"""Several optimizers as one: a recipe trains matrices by Muon and everything else by AdamW."""

from typing import Any

import torch


class Optimizers:
    """The learning rates that its parts were made with are the full ones."""

    def __init__(self, *parts: torch.optim.Optimizer) -> None:
        self._parts = parts
        self._full = [[group["lr"] for group in part.param_groups] for part in parts]

    def step(self, share: float) -> None:
        """One update of every parameter that has a gradient, at `share` of the full rates."""
        for part, rates in zip(self._parts, self._full, strict=True):
            for group, rate in zip(part.param_groups, rates, strict=True):
                group["lr"] = rate * share
            part.step()

    def state_dict(self) -> list[dict[str, Any]]:
        return [part.state_dict() for part in self._parts]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        for part, state in zip(self._parts, states, strict=True):
            part.load_state_dict(state)
