"""Training pictures drawn once into a flat file, so that training reads them at memory speed."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.world.render import draw
from training.world.scene import sample_scene
from training.world.splits import TRAIN_SEEDS


@dataclass(frozen=True)
class PictureFile:
    """uint8 [count, size, size, 3] on disk; row i shows the scene of seed `TRAIN_SEEDS[i]`."""

    path: Path
    count: int
    size: int

    def draw_missing(self) -> None:
        """Draw what is not there yet; may be stopped and started again at any time."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.truncate(self.drawn() * self._row_bytes)
            for row in range(self.drawn(), self.count):
                picture = draw(sample_scene(TRAIN_SEEDS[row]), self.size)
                file.write(picture.tobytes())
                if row % 500 == 499:
                    print(f"drawn {row + 1}/{self.count}", flush=True)

    def drawn(self) -> int:
        """How many whole pictures the file holds."""
        size = self.path.stat().st_size if self.path.exists() else 0
        return min(self.count, size // self._row_bytes)

    def read(self) -> NDArray[np.uint8]:
        """The pictures drawn so far, [drawn, size, size, 3], mapped, not loaded."""
        shape = (self.drawn(), self.size, self.size, 3)
        return np.memmap(self.path, np.uint8, "r", shape=shape)

    @property
    def _row_bytes(self) -> int:
        return self.size * self.size * 3
