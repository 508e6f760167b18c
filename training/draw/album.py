"""Encoded pairs of pictures, and the scenes they show: what transformer and critic learn from."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.draw.train_text import Pairs
from training.pictures import scene_in
from training.world.edits import Change
from training.world.scene import Scene


@dataclass(frozen=True)
class Album:
    """Pair p, a scene and a change of it, is rows 2p and 2p + 1 of `latents` [N, TOKENS, C]."""

    latents: NDArray[np.float16]
    pairs: Pairs

    def __len__(self) -> int:
        return len(self.latents)

    def scene(self, row: int) -> Scene:
        return scene_in(self.pairs[row // 2], row)

    def change(self, pair: int) -> Change:
        return self.pairs[pair][1]

    def tokens(self, rows: list[int]) -> Tensor:
        """float32 [B, TOKENS, C] of some rows."""
        return torch.from_numpy(self.latents[rows].astype(np.float32))
