"""Pictures and an embedder that really looks at them, small enough for a test."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from retrieval.embedding import ImageStages

_COLOURS = {"红": (220, 30, 30), "绿": (30, 180, 60), "蓝": (30, 60, 220), "黄": (240, 220, 40)}
_SIDE = 4


class ColourLayout:
    """Colour layout descriptor: 4 × 4 mean colours, centred, of unit length. Text by its colour."""

    def __init__(self, name: str = "colour-layout", revision: str = "1") -> None:
        self.name = name
        self.revision = revision
        self.dimension = 3 * _SIDE * _SIDE
        self.embedded = 0

    def image_stages(self) -> ImageStages[Image.Image]:
        return ImageStages(self._shrink, self.embed_images, least_side=_SIDE, batch_size=8)

    def embed_images(self, images: list[Image.Image]) -> NDArray[np.float32]:
        self.embedded += len(images)
        pixels = np.stack([np.asarray(self._shrink(image), np.float32) for image in images])
        rows = pixels.reshape(len(images), -1) - 127.3
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def embed_texts(self, texts: list[str]) -> NDArray[np.float32]:
        colours = [next((c for word, c in _COLOURS.items() if word in t), (9, 9, 9)) for t in texts]
        self.embedded -= len(texts)
        return self.embed_images([Image.new("RGB", (_SIDE, _SIDE), c) for c in colours])

    @staticmethod
    def _shrink(image: Image.Image) -> Image.Image:
        return image.resize((_SIDE, _SIDE), Image.Resampling.BOX)


class OtherLayout(ColourLayout):
    """Another space: the same pictures, other vectors."""

    def __init__(self) -> None:
        super().__init__("other-layout")

    def embed_images(self, images: list[Image.Image]) -> NDArray[np.float32]:
        return np.ascontiguousarray(super().embed_images(images)[:, ::-1])


def picture(seed: int, size: tuple[int, int] = (40, 30)) -> Image.Image:
    """Blocks of random colours; no two seeds look alike."""
    blocks = np.random.default_rng(seed).integers(0, 256, (_SIDE, _SIDE, 3), np.uint8)
    return Image.fromarray(blocks).resize(size, Image.Resampling.NEAREST)


def save_pictures(folder: Path, count: int, first: int = 0) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{seed:04}.png" for seed in range(first, first + count)]
    for seed, path in zip(range(first, first + count), paths, strict=True):
        picture(seed).save(path)
    return paths


def plain(path: Path, colour: str, size: tuple[int, int] = (40, 30)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, _COLOURS[colour]).save(path)
    return path
