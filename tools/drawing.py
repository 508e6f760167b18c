"""What the two tools that draw share: seeds, progress with previews, blank results."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from PIL import Image
from pydantic import Field

from models.errors import ToolFailed
from tools.artifacts import Artifact
from tools.context import ToolContext

if TYPE_CHECKING:
    from models.roles.diffusion import Step

SEEDS = 2**32
Seed = Annotated[int, Field(ge=0, le=SEEDS - 1)]

_PREVIEWS = 6  # of a picture, at most
_PREVIEW_SECONDS = 0.5  # between two, at least
# Of 2,825 pictures of the illustrated world, in all styles and at night, reduced to 64 px: the
# contrast is 7.5 or more, the lightest hundredth 139 or more.
_FLAT = 4.0  # standard deviation of the channel that varies most, 0–255
_BLACK = 40.0  # what 99 % of the pixels stay below in every channel, 0–255
_CHECKED_SIDE = 64  # px; noise averages out, shapes stay


@dataclass(frozen=True)
class Drawn:
    """A picture and the seed that it came from."""

    picture: Image.Image
    seed: int


def new_seed() -> int:
    return secrets.randbelow(SEEDS)


def seed_after(seed: int, distance: int) -> int:
    return (seed + distance) % SEEDS


def draw_or_again(draw: Callable[[int], Image.Image], seed: int, another: int) -> Drawn:
    """`draw(seed)`; when nothing is on it, once more with the seed `another`.

    Raises ToolFailed when that is blank too.
    """
    for tried in (seed, another):
        picture = draw(tried)
        if not is_blank(picture):
            return Drawn(picture, tried)
    raise ToolFailed(
        "画了两次都是空白，没有结果。请换个说法，或换一个种子。",
        "Two attempts came out blank. Say it differently, or choose another seed.",
    )


def is_blank(picture: Image.Image) -> bool:
    """Whether an RGB picture is one colour nearly everywhere, or nearly black."""
    side = (_CHECKED_SIDE, _CHECKED_SIDE)
    pixels = np.asarray(picture.resize(side, Image.Resampling.BOX), np.float32)
    flat = pixels.std(axis=(0, 1)).max() < _FLAT
    black = np.percentile(pixels.max(axis=-1), 99) < _BLACK
    return bool(flat or black)


class Progress:
    """Shows the steps of a drawing, and every few of them what it looks like so far.

    Only the newest preview is kept, and none once the drawing is over: they are many, and nobody
    looks back at them.
    """

    def __init__(self, context: ToolContext) -> None:
        self._context = context
        self._preview: Artifact | None = None
        self._previewed = 0.0

    def step(self, step: "Step", picture: int = 1, pictures: int = 1) -> None:
        """A step of the `picture`-th of `pictures` has ended. Raises Cancelled."""
        self._context.check_cancelled()
        if self._is_time(step):
            self._replace(self._context.keep_preview(step.preview()))
        fraction = (picture - 1 + step.number / step.total) / pictures
        which = f"第{picture}张，共{pictures}张 · " if pictures > 1 else ""
        note = f"{which}{step.number}/{step.total}步"
        self._context.progress(fraction, note, self._preview)

    def end(self) -> None:
        self._replace(None)

    def _is_time(self, step: "Step") -> bool:
        due = step.number % max(1, step.total // _PREVIEWS) == 0 and step.number < step.total
        return due and time.monotonic() - self._previewed >= _PREVIEW_SECONDS

    def _replace(self, preview: Artifact | None) -> None:
        old, self._preview = self._preview, preview
        self._previewed = time.monotonic()
        if old is not None:
            self._context.artifacts.discard_preview(old.sha256)


@contextmanager
def progress_of(context: ToolContext) -> Iterator[Progress]:
    """Progress of a drawing; its previews go with it, however it ends."""
    progress = Progress(context)
    try:
        yield progress
    finally:
        progress.end()
