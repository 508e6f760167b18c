"""What is looked at: pictures of several files with their labels, signs first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.pictures import PictureFile
from training.vlm.labels import Labels, label_all
from training.world.scene import Scene

BATCH = 16
VALIDATION_ROWS = 512  # the last ones are never trained on


@dataclass(frozen=True)
class Pictures:
    """Row i is row i of the first file, and so on through the others."""

    files: Sequence[PictureFile]
    parts: Sequence[NDArray[np.uint8]]  # what the files hold
    labels: Labels

    @classmethod
    def of(cls, files: Sequence[PictureFile], cache: Path) -> "Pictures":
        """Of what `files` hold by now; labels are kept in `cache`."""
        parts = [file.read() for file in files]
        pairs = list(zip(files, parts, strict=True))
        scenes = (file.scene_of(row) for file, part in pairs for row in range(len(part)))
        return cls(files, parts, label_all(sum(map(len, parts)), scenes, cache))

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def scene_of(self, row: int) -> Scene:
        part, within = self._place(row)
        return self.files[part].scene_of(within)

    def pixels(self, rows: NDArray[np.int64]) -> Tensor:
        """uint8 [B, S, S, 3] of `rows`."""
        places = [self._place(int(row)) for row in rows]
        return torch.from_numpy(np.stack([self.parts[part][within] for part, within in places]))

    def named(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The labels of `rows`, int64, in the order of `Labels`."""
        named = self.labels
        parts = (named.cells, named.scene, named.kinds, named.glyphs)
        cells, scene, kinds, glyphs = (
            torch.from_numpy(part[rows].astype(np.int64)) for part in parts
        )
        return cells, scene, kinds, glyphs

    def rows(self, seed: int, batch: int = BATCH) -> Iterator[NDArray[np.int64]]:
        """Endless batches of training rows, every picture once a round; each in the order in which
        they lie on disk."""
        while True:
            order = np.random.default_rng(seed).permutation(len(self) - VALIDATION_ROWS)
            for start in range(0, len(order) - batch + 1, batch):
                yield np.sort(order[start : start + batch])
            seed += 1

    def validation(self, count: int = VALIDATION_ROWS) -> NDArray[np.int64]:
        """The first `count` rows that are never trained on."""
        return np.arange(len(self) - VALIDATION_ROWS, len(self) - VALIDATION_ROWS + count)

    def _place(self, row: int) -> tuple[int, int]:
        for part, pixels in enumerate(self.parts):
            if row < len(pixels):
                return part, row
            row -= len(pixels)
        raise IndexError(row)
