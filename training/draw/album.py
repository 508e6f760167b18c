"""Encoded pictures and the scenes they show: what transformer and critic learn from."""

from collections.abc import Sequence
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
    """Row r of `latents` [N, TOKENS, C] shows `scenes[r]`."""

    latents: NDArray[np.float16]
    scenes: Sequence[Scene]

    def __len__(self) -> int:
        return len(self.latents)

    def tokens(self, rows: list[int]) -> Tensor:
        """float32 [B, TOKENS, C] of some rows."""
        return torch.from_numpy(self.latents[rows].astype(np.float32))


@dataclass(frozen=True)
class PairAlbum(Album):
    """Pair p, a scene and `changes[p]` of it, is rows 2p and 2p + 1."""

    changes: Sequence[Change]


def pair_album(latents: NDArray[np.float16], pairs: Pairs) -> PairAlbum:
    """The album of `pairs`, whose pictures were encoded to `latents`."""
    scenes = [scene_in(pairs[row // 2], row) for row in range(len(latents))]
    return PairAlbum(latents, scenes, [change for _, change in pairs])
