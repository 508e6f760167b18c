"""The sample gallery that comes with Duomo, and what to ask about it first."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

from models.errors import NotFound
from retrieval.media import open_picture
from tools.labels import read_label
from tools.thumbnails import THUMBNAIL_SIDES, encode_thumbnail

GALLERY_DIR = Path(__file__).parent / "gallery"
MAX_PIXELS = 100_000_000

# The tools it needs, and a question that the gallery has an answer to; whole tasks come first.
_SUGGESTIONS = (
    (
        ("search_images", "ask_image", "speak"),
        "先找一张有荷花的图，再看看里面有几朵荷花，最后读出来",
    ),
    (("search_images",), "帮我找几张有拱桥的图"),
    (("generate_image",), "生成一幅水墨画风格的江南水乡，有拱桥、流水和垂柳"),
    (("search_images", "edit_image"), "先找一张塔的图，再把它改成夜晚"),
    (("speak",), "把“小桥流水人家”读给我听"),
    (("search_images",), "找两张有荷花的图"),
    (("search_images",), "找几张水墨画"),
)
MOST_SUGGESTED = 5


@dataclass(frozen=True)
class Sample:
    """A picture of the gallery; `file` is a bare name inside its folder."""

    file: str
    caption: str
    style: str


class Gallery:
    """Reads `index.json` of a folder; an absent one is an empty gallery."""

    def __init__(self, folder: Path = GALLERY_DIR) -> None:
        self.folder = folder
        self.samples = _read(folder / "index.json")
        self._files = {sample.file for sample in self.samples}

    def path(self, file: str) -> Path:
        """`NotFound` unless the index names `file`: a request never makes a path of its own."""
        if file not in self._files:
            raise NotFound("样例图库里没有这张图。", "The sample gallery has no such picture.")
        return self.folder / file

    def thumbnail(self, file: str, size: int) -> bytes:
        """WebP at most `size` px a side, rounded up to a side that is kept."""
        return thumbnail(self.path(file), size)


def thumbnail(path: Path, size: int) -> bytes:
    """WebP of a picture file; the last ones made stay in memory until the file changes."""
    side = next((s for s in THUMBNAIL_SIDES if s >= size), THUMBNAIL_SIDES[-1])
    return _thumbnail(path, path.stat().st_mtime_ns, side)


@lru_cache(maxsize=512)
def _thumbnail(path: Path, _changed: int, side: int) -> bytes:
    picture = open_picture(path, max_pixels=MAX_PIXELS)
    return encode_thumbnail(picture, side, read_label(path))


def suggestions(tools: Collection[str]) -> tuple[str, ...]:
    """First questions that need no more than `tools`, the richest first."""
    fitting = (question for needed, question in _SUGGESTIONS if set(needed) <= set(tools))
    return tuple(islice(fitting, MOST_SUGGESTED))


def _read(index: Path) -> tuple[Sample, ...]:
    if not index.is_file():
        return ()
    entries = json.loads(index.read_text(encoding="utf-8"))
    return tuple(
        Sample(Path(entry["file"]).name, entry["caption"], entry.get("style", ""))
        for entry in entries
    )
