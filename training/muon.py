"""Muon (Jordan et al. 2024): momentum whose matrices are made orthogonal before the step.

PyTorch's own Muon takes matrices alone, and in bfloat16 on every CPU; here a convolution's kernel
counts as one row per output channel. Updates are scaled to the size of AdamW's (Liu et al. 2025),
so learning rates compare."""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from training.precision import MATRIX

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5
_ADAMW_SIZE = 0.2


class Muon(torch.optim.Optimizer):
    """For weights of two and more dimensions."""

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, group["lr"], group["momentum"], group["decay"])

    def _update(self, parameter: Tensor, lr: float, momentum: float, decay: float) -> None:
        assert parameter.grad is not None
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        gathered = state["momentum"]
        gathered.lerp_(parameter.grad, 1 - momentum)
        nesterov = parameter.grad.lerp(gathered, momentum)
        matrix = orthogonal(nesterov.reshape(len(nesterov), -1))
        scale = _ADAMW_SIZE * math.sqrt(max(matrix.shape))
        parameter.mul_(1 - lr * decay)
        parameter.add_(matrix.view(nesterov.shape).to(parameter.dtype), alpha=-lr * scale)


def orthogonal(matrix: Tensor) -> Tensor:
    """About U·Vᵀ of `matrix` = U·S·Vᵀ, by five Newton–Schulz steps; bfloat16 is enough."""
    a, b, c = _COEFFICIENTS
    x = matrix.to(MATRIX)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(_ITERATIONS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x
