"""The moving average of a model's weights, which is what a recipe ships."""

import torch
from torch import nn


@torch.no_grad()
def follow(average: nn.Module, model: nn.Module, step: int, decay: float) -> None:
    """Move `average` towards `model` after update `step`, faster while there are few of them."""
    share = 1 - min(decay, (1 + step) / (10 + step))
    for mean, now in zip(average.parameters(), model.parameters(), strict=True):
        mean.lerp_(now, share)
