"""Which files a search may answer with, as SQL over `files` and `contents`."""

import os
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from retrieval.colours import colour_bit
from retrieval.paths import encoded_path, real_path

_SHAPES = {"landscape": "width > height", "portrait": "width < height", "square": "width = height"}


@dataclass(frozen=True)
class Filters:
    """All that are given must hold.

    `folder`: an absolute path, or the name of a folder anywhere on the way ("旅行", "2024/旅行").
    `after`, `before`: the day taken (EXIF) or else modified, both included. Sides in px, upright.
    `has_text`: writing was read in it, or was looked for and there is none; pictures that nobody
    has read are neither. `colour`: a name of `retrieval.colours.COLOURS` that it shows much of.
    """

    folder: str | None = None
    after: date | None = None
    before: date | None = None
    min_width: int | None = None
    min_height: int | None = None
    orientation: Literal["landscape", "portrait", "square"] | None = None
    has_text: bool | None = None
    colour: str | None = None

    def where(self) -> tuple[str, list[object]]:
        """An SQL condition and its parameters; ("1", []) when nothing is given."""
        given = [*self._folder(), *self._dates(), *self._sides(), *self._looks()]
        conditions = [condition for condition, _ in given] or ["1"]
        return " AND ".join(conditions), [value for _, values in given for value in values]

    def _folder(self) -> list[tuple[str, list[object]]]:
        name = (self.folder or "").strip().rstrip("/")
        if not name:
            return []
        if name.startswith(("/", "~")):
            return [path_within(real_path(os.path.expanduser(name)))]  # noqa: PTH111
        part = b"/" + encoded_path(name.removeprefix("./")) + b"/"
        return [("instr(files.path, ?) > 0", [part])]

    def _dates(self) -> list[tuple[str, list[object]]]:
        given: list[tuple[str, list[object]]] = []
        if self.after is not None:
            given.append(("files.dated >= ?", [self.after.isoformat()]))
        if self.before is not None and self.before < date.max:
            given.append(("files.dated < ?", [(self.before + timedelta(days=1)).isoformat()]))
        return given

    def _sides(self) -> list[tuple[str, list[object]]]:
        given: list[tuple[str, list[object]]] = []
        if self.min_width is not None:
            given.append(("contents.width >= ?", [self.min_width]))
        if self.min_height is not None:
            given.append(("contents.height >= ?", [self.min_height]))
        if self.orientation is not None:
            given.append((_SHAPES[self.orientation], []))
        return given

    def _looks(self) -> list[tuple[str, list[object]]]:
        given: list[tuple[str, list[object]]] = []
        if self.has_text is not None:
            given.append((f"contents.text {'>' if self.has_text else '='} ''", []))
        if self.colour is not None:
            given.append(("contents.colours & ? > 0", [colour_bit(self.colour)]))
        return given


def path_within(folder: bytes) -> tuple[str, list[object]]:
    """Condition for the files at or under a folder, answered from the index on `path`."""
    prefix = folder.rstrip(b"/") + b"/"
    return "(files.path >= ? AND files.path < ?)", [prefix, prefix[:-1] + b"0"]  # "/" + 1 is "0"
