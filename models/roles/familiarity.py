"""Whether a picture is of the kind that a vision tower was trained on.

A tower that has seen one kind of picture makes something of any other as well. Only, its features
of a photograph point where those of its own pictures never do: how far, on the mean, from the
nearest of a few directions tells the two apart (cosine distance to the centroids of spherical
k-means, Dhillon & Modha 2001).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.functional import normalize

from models.weights import unreadable

FAMILIAR = "familiar.safetensors"  # beside the weights, where a checkpoint has it


@dataclass(frozen=True)
class Familiarity:
    """`directions` float32 [K, D], of unit length; `most`: the distance, 0 to 2, up to which a
    picture is familiar."""

    directions: Tensor
    most: float

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises CheckpointBroken."""
        try:
            kept = load_file(path)
            return cls(kept["directions"].float(), float(kept["most"]))
        except (OSError, KeyError, ValueError, SafetensorError) as error:
            raise unreadable(path, error) from error

    def save(self, path: Path) -> None:
        """Directions as float16."""
        save_file({"directions": self.directions.half(), "most": torch.tensor(self.most)}, path)

    def distance(self, features: Tensor) -> float:
        """Of a picture whose squares have `features` [N, D]: mean of 1 − cosine."""
        nearest = (normalize(features.float().cpu(), dim=1) @ self.directions.T).amax(1)
        return float(1 - nearest.mean())

    def knows(self, features: Tensor) -> bool:
        """Whether a picture whose squares have `features` [N, D] is familiar."""
        return self.distance(features) <= self.most
