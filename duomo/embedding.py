"""The library's embedder over leased CLIP weights.

The device is leased batch by batch, so that indexing a folder for hours and a question that
comes meanwhile take turns. A tool that searches waits in its own name (`tools.context`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from retrieval.embedding import ImageStages
from retrieval.media import open_picture
from tools.context import current_ticket

if TYPE_CHECKING:
    from models.residency import Residency, Ticket
    from models.roles.clip import ClipModel

Vectors = NDArray[np.float32]
_AT_A_TIME = 64  # inputs of one lease: others have their turn in between


@dataclass(frozen=True)
class Embedded:
    """`vectors` [n, dimension], float32 unit rows; `model`: the checkpoint whose space it is."""

    vectors: Vectors
    model: str


def embed(residency: "Residency", inputs: Sequence[str | bytes], ticket: "Ticket") -> Embedded:
    """Sentences, and pictures as the bytes of their files, in the space of the library, in order.

    Pictures are decoded one at a time. Raises NotFound (the profile has no CLIP), UnreadableMedia,
    MediaTooLarge, Cancelled, and as `Residency.lease` does.
    """
    rows: list[Vectors] = []
    for start in range(0, len(inputs), _AT_A_TIME):
        with residency.lease("clip", ticket) as clip:
            for one in inputs[start : start + _AT_A_TIME]:
                if isinstance(one, str):
                    rows.append(clip.embed_texts([one]))
                else:
                    rows.append(clip.embed_images([open_picture(one)]))
    return Embedded(np.concatenate(rows), residency.checkpoint("clip").name)


class LeasedEmbedder:
    """`retrieval.embedding.Embedder`: float32 [n, dimension], unit rows.

    `clip` is the loaded model, asked here once for what does not change: its weights may be
    evicted and loaded again afterwards.
    """

    def __init__(self, residency: "Residency", clip: "ClipModel") -> None:
        self._residency = residency
        self._preprocess = clip.preprocess  # touches no device: any thread, any time
        self._least_side = clip.image_side
        self.name = clip.name
        self.revision = clip.revision
        self.dimension = clip.dimension

    def image_stages(self) -> ImageStages[torch.Tensor]:
        return ImageStages(self._preprocess, self._embed_prepared, self._least_side)

    def embed_images(self, images: list[Image.Image]) -> Vectors:
        return self._embed_prepared([self._preprocess(image) for image in images])

    def embed_texts(self, texts: list[str]) -> Vectors:
        with self._residency.lease("clip", current_ticket.get()) as clip:
            vectors: Vectors = clip.embed_texts(texts)
        return vectors

    def _embed_prepared(self, pixels: list[torch.Tensor]) -> Vectors:
        """`pixels`: n tensors [3, height, width] of `ClipModel.preprocess`."""
        with self._residency.lease("clip", current_ticket.get()) as clip:
            vectors: Vectors = clip.embed_pixels(torch.stack(pixels))
        return vectors
