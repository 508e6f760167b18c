"""Pictures of the illustrated world drawn once into a flat file: training reads at memory speed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from training.world.edits import Change, sample_change
from training.world.render import draw
from training.world.scene import Scene, sample_scene, scene_saying, steady
from training.world.signs import SIGN_TEXTS
from training.world.splits import TRAIN_SEEDS

_CHUNK = 16  # pictures that a worker draws at a time
_SIGN_SEEDS = 50_000_000  # after those of other files
_TEXTS = 4  # that the signs of one scene say in turn


def training_scene(row: int) -> Scene:
    """The scene of row `row` of a file of single pictures."""
    return sample_scene(TRAIN_SEEDS[row])


def training_change(pair: int) -> tuple[Scene, Change]:
    """A training scene and a change of it: rows 2·`pair` and 2·`pair` + 1 of a file of pairs."""
    scene = training_scene(pair)
    return _changed(scene, scene.seed)


def steady_change(pair: int) -> tuple[Scene, Change]:
    """The same scene without accidents, and a change of it: two rows of a file of steady pairs."""
    scene = training_scene(pair)
    return _changed(steady(scene), scene.seed)


def _changed(scene: Scene, seed: int) -> tuple[Scene, Change]:
    return scene, sample_change(scene, Random(f"change-{seed}"))


def scene_of_steady_pairs(row: int) -> Scene:
    """The scene of row `row` of a file of steady pairs."""
    return scene_in(steady_change(row // 2), row)


def scene_of_pairs(row: int) -> Scene:
    """The scene of row `row` of a file of pairs: before a change, after it, before the next …"""
    return scene_in(training_change(row // 2), row)


def scene_with_sign(row: int) -> Scene:
    """The scene of row `row` of a file of signs: elsewhere one in fourteen has a sign, and a sign
    says one of 36 texts. Four in a row differ by what is written alone, and are drawn for
    little more than one."""
    scene = sample_scene(TRAIN_SEEDS[_SIGN_SEEDS + row // _TEXTS], must_have="sign")
    texts = Random(f"texts-{scene.seed}").sample(SIGN_TEXTS, _TEXTS)
    return scene_saying(scene, texts[row % _TEXTS])


def scene_in(pair: tuple[Scene, Change], row: int) -> Scene:
    """The scene of row `row`, which is one of `pair`."""
    before, change = pair
    return change.after if row % 2 else before


@dataclass(frozen=True)
class PictureFile:
    """uint8 [count, size, size, 3] on disk; row i shows `scene_of(i)`."""

    path: Path
    count: int
    size: int
    scene_of: Callable[[int], Scene] = training_scene

    def draw_missing(self, workers: int = 1) -> None:
        """Draw what is not there yet; may be stopped and started again at any time."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.truncate(self.drawn() * self._row_bytes)
            missing = range(self.drawn(), self.count)
            for row, picture in zip(missing, self._draw(missing, workers), strict=True):
                file.write(picture)
                if row % 500 == 499:
                    print(f"drawn {row + 1}/{self.count}", flush=True)

    def _draw(self, rows: range, workers: int) -> Iterator[bytes]:
        if workers < 2:
            yield from map(self._row, rows)
            return
        with get_context("spawn").Pool(workers) as pool:
            yield from pool.imap(self._row, rows, chunksize=_CHUNK)

    def _row(self, row: int) -> bytes:
        return draw(self.scene_of(row), self.size).tobytes()

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
