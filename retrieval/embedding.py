"""What the library asks of a model that turns pictures and sentences into vectors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.errors import CheckpointBroken

Prepared = TypeVar("Prepared")


@dataclass(frozen=True)
class ImageStages(Generic[Prepared]):
    """Embedding pictures in two stages, so that the first overlaps with the second.

    `prepare` (RGB picture → model input) runs on several decoding threads at once; `forward`
    (up to `batch_size` inputs → float32 [n, dimension]) on one. `least_side`, in px, is the size
    `prepare` resizes to: a large JPEG is decoded no larger than that needs; 0 decodes all of it.
    """

    prepare: Callable[[Image.Image], Prepared]
    forward: Callable[[list[Prepared]], NDArray[np.float32]]
    least_side: int = 0
    batch_size: int = 32


class Embedder(Protocol):
    """Pictures and texts → float32 [n, dimension], rows of unit length in one common space."""

    @property
    def name(self) -> str: ...
    @property
    def revision(self) -> str: ...
    @property
    def dimension(self) -> int: ...
    def image_stages(self) -> ImageStages[Any]: ...
    def embed_images(self, images: list[Image.Image]) -> NDArray[np.float32]: ...
    def embed_texts(self, texts: list[str]) -> NDArray[np.float32]: ...


def check_rows(rows: NDArray[np.float32], count: int, dimension: int) -> NDArray[np.float32]:
    """`rows` if it is [count, dimension], finite and of unit length; else `CheckpointBroken`."""
    unit = rows.shape == (count, dimension) and np.isfinite(rows).all()
    if not (unit and np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-2)):
        raise CheckpointBroken(
            "图文模型给出的向量不对，请重新安装这个模型或换一个。",
            "The embedding model gives broken vectors; reinstall it or choose another.",
        )
    return rows
