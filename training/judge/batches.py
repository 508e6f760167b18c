"""Batches of the judge: its pictures, spoiled as a small autoencoder and a file format spoil."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch import Tensor

from training.judge.model import normalise
from training.judge.scenes import judge_scene
from training.judge.targets import Targets, targets_of
from training.world.scene import Scene

_CLEAN_SHARE = 0.3
_LEAST_SIDE, _MOST_SIDE = 0.42, 0.85  # of the picture, when made small and large again
_MOST_BLUR = 1.3  # px
_MOST_NOISE = 9.0  # of 255


@dataclass(frozen=True)
class Batch:
    """images float32 [B, 3, 160, 160], normalised, and what to see in them."""

    images: Tensor
    targets: Targets


class Batches:
    """Endless batches over the pictures drawn. A batch depends on its number alone."""

    def __init__(self, pictures: NDArray[np.uint8], size: int) -> None:
        self._pictures = pictures
        self._size = size
        self._scenes: dict[int, Scene] = {}

    def starting_at(self, number: int) -> Iterator[Batch]:
        """Batches number, number + 1, …"""
        while True:
            yield self.batch(number)
            number += 1

    def batch(self, number: int) -> Batch:
        """Batch `number` of the run."""
        rng = Random(f"judge-batch-{number}")
        rows = rng.sample(range(len(self._pictures)), self._size)
        flipped = [rng.random() < 0.5 for _ in rows]
        pictures = [
            spoil(self._pictures[row][:, ::-1] if flip else self._pictures[row], rng)
            for row, flip in zip(rows, flipped, strict=True)
        ]
        targets = targets_of([self._scene(row) for row in rows], flipped)
        return Batch(normalise(torch.from_numpy(np.stack(pictures))), targets)

    def _scene(self, row: int) -> Scene:
        if row not in self._scenes:
            self._scenes[row] = judge_scene(row)
        return self._scenes[row]


def spoil(pixels: NDArray[np.uint8], rng: Random) -> NDArray[np.uint8]:
    """uint8 [S, S, 3] → the same, shifted in colour and, mostly, blurred, noisy or compressed."""
    toned = _tone(pixels, rng)
    if rng.random() < _CLEAN_SHARE:
        return toned
    image = rng.choice((_coarsen, _blur, _compress))(Image.fromarray(toned), rng)
    return _noisy(np.asarray(image), rng) if rng.random() < 0.4 else np.asarray(image)


def _tone(pixels: NDArray[np.uint8], rng: Random) -> NDArray[np.uint8]:
    gain = np.asarray([rng.uniform(0.93, 1.07) for _ in range(3)], np.float32)
    toned = pixels * gain + np.float32(rng.uniform(-10, 10))
    return toned.clip(0, 255).astype(np.uint8)


def _coarsen(image: Image.Image, rng: Random) -> Image.Image:
    side = round(image.width * rng.uniform(_LEAST_SIDE, _MOST_SIDE))
    small = image.resize((side, side), Image.Resampling.BOX)
    return small.resize(image.size, Image.Resampling.BICUBIC)


def _blur(image: Image.Image, rng: Random) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, _MOST_BLUR)))


def _compress(image: Image.Image, rng: Random) -> Image.Image:
    file = BytesIO()
    image.save(file, "JPEG", quality=rng.randint(35, 90))
    return Image.open(file).convert("RGB")


def _noisy(pixels: NDArray[np.uint8], rng: Random) -> NDArray[np.uint8]:
    random = np.random.default_rng(rng.getrandbits(32))
    noise = random.normal(0, rng.uniform(1, _MOST_NOISE), pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)
