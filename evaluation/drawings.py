"""Pictures that take seconds each, made once and kept, so that an evaluation can be resumed."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

_SECONDS = "seconds"


@dataclass(frozen=True)
class Drawing:
    """A picture and the wall-clock seconds that making it took."""

    picture: Image.Image
    seconds: float


@dataclass(frozen=True)
class Drawings:
    """PNG files in `folder`, one a number, each with its seconds inside."""

    folder: Path

    def get(self, number: int, make: Callable[[], Image.Image]) -> Drawing:
        """Drawing `number`: from the folder, or made now and kept there."""
        path = self.folder / f"{number:04d}.png"
        if not path.exists():
            began = time.perf_counter()
            picture = make()
            self._keep(path, picture, time.perf_counter() - began)
        with Image.open(path) as kept:
            return Drawing(kept.convert("RGB"), float(kept.info[_SECONDS]))

    def _keep(self, path: Path, picture: Image.Image, seconds: float) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        info = PngInfo()
        info.add_text(_SECONDS, f"{seconds:.3f}")
        partial = path.with_suffix(".partial")
        picture.save(partial, "PNG", pnginfo=info)
        partial.replace(path)
