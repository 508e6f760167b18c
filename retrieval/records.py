"""What the library answers with."""

import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from retrieval.filters import Filters

__all__ = ["Filters", "Hit", "IndexProgress", "IndexReport", "LibraryStats", "Record", "Unreadable"]


@dataclass(frozen=True)
class Hit:
    """A picture found. `score` is the cosine, -1 … 1; `width`, `height` in px, upright."""

    image_id: int
    path: Path
    score: float
    width: int
    height: int
    sha256: str


@dataclass(frozen=True)
class Record:
    """A picture of the library. `dated`: "2024-05-01T12:30:00", taken or else modified."""

    image_id: int
    path: Path
    sha256: str
    format: str
    width: int
    height: int
    size_bytes: int
    dated: str


@dataclass(frozen=True)
class Unreadable:
    """A file that could not be indexed, and why."""

    path: Path
    code: str
    zh: str
    en: str


@dataclass(frozen=True)
class Notice:
    """Something that was found wrong on disk and put right while opening."""

    zh: str
    en: str


@dataclass(frozen=True)
class LibraryStats:
    """`pictures` readable files; `contents` distinct among them; `pending` of those without a
    vector of this embedder yet (index again); `index`: "flat", "rabitq" or "ivf_rabitq"."""

    pictures: int
    contents: int
    pending: int
    unreadable: int
    folders: tuple[Path, ...]
    embedder: str
    revision: str
    dimension: int
    index: str
    notices: tuple[Notice, ...]


@dataclass(frozen=True)
class IndexProgress:
    """`rate` in pictures a second, smoothed; `eta_seconds` None until there is a rate."""

    found: int
    done: int
    indexed: int
    skipped: int
    unreadable: int
    rate: float
    eta_seconds: float | None
    current: Path | None


ShowProgress = Callable[[IndexProgress], None]


@dataclass(frozen=True)
class IndexReport:
    """`indexed` files new or changed, of which `embedded` went through the model (the others had
    known contents); `skipped` unchanged; `forgotten` gone from disk; `out_of_reach` files whose
    drive or folder cannot be seen now, kept; `unreadable_folders` could not be listed."""

    found: int
    indexed: int
    embedded: int
    skipped: int
    unreadable: int
    forgotten: int
    out_of_reach: int
    unreadable_folders: tuple[Path, ...]
    seconds: float
    cancelled: bool


def path_of(raw: bytes) -> Path:
    return Path(os.fsdecode(raw))


def record_of(row: sqlite3.Row) -> Record:
    return Record(
        image_id=row["id"],
        path=path_of(row["path"]),
        sha256=row["sha256"].hex(),
        format=row["format"],
        width=row["width"],
        height=row["height"],
        size_bytes=row["size"],
        dated=row["dated"],
    )
