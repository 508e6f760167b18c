"""Noise levels of flow matching: x_σ = (1 − σ)·x₀ + σ·noise, and the model predicts noise − x₀.

Lipman et al., Flow Matching for Generative Modeling (2023); Liu et al., Rectified Flow (2023).
"""

from math import ceil

import numpy as np
import torch


def sigmas_for(steps: int, strength: float = 1.0) -> list[float]:
    """Noise levels from `strength` down, before the scheduler's shift: the last steps of `steps`.

    1 is the whole schedule, k/steps its last k steps, and anything between has its own levels.
    """
    count = max(1, ceil(steps * strength - 1e-6))
    return [float(sigma) for sigma in strength * np.linspace(1.0, 1.0 / count, count)]


def noised(clean: torch.Tensor, noise: torch.Tensor, sigma: float) -> torch.Tensor:
    """`clean` at noise level `sigma`."""
    return (1.0 - sigma) * clean + sigma * noise


def estimate_clean(
    before: torch.Tensor, after: torch.Tensor, sigma: float, next_sigma: float
) -> torch.Tensor:
    """x₀ as the model saw it in the Euler step from `before` (σ) to `after` (next σ).

    The step was after = before + (σ' − σ)·v, so v is known, and x₀ = after − σ'·v.
    """
    if next_sigma == 0 or sigma == next_sigma:
        return after
    velocity = (after - before) / (next_sigma - sigma)
    return after - next_sigma * velocity
