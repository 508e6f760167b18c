"""The library's embedder over leased CLIP weights.

The device is leased batch by batch, so that indexing a folder for hours and a question that
comes meanwhile take turns. A tool that searches waits in its own name (`tools.context`).
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tools.context import current_ticket

if TYPE_CHECKING:
    from models.residency import Residency


class LeasedEmbedder:
    """`retrieval`'s `Embedder`: float32 [n, dimension], unit rows."""

    def __init__(self, residency: "Residency", *, revision: str, dimension: int) -> None:
        self._residency = residency
        self.name = residency.checkpoint("clip").name
        self.revision = revision
        self.dimension = dimension

    def embed_images(self, images: list[Image.Image]) -> NDArray[np.float32]:
        with self._residency.lease("clip", current_ticket.get()) as clip:
            vectors: NDArray[np.float32] = clip.embed_images(images)
        return vectors

    def embed_texts(self, texts: list[str]) -> NDArray[np.float32]:
        with self._residency.lease("clip", current_ticket.get()) as clip:
            vectors: NDArray[np.float32] = clip.embed_texts(texts)
        return vectors
