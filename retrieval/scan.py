"""Walk folders for picture files. Trusts no name, follows links once, never stops at an error."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from retrieval.paths import is_within, real_path

SUFFIXES = frozenset(
    [
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".dib"),
        *(".tif", ".tiff", ".heic", ".heics", ".heif", ".hif", ".avif"),
    ]
)
# Trash and thumbnails that systems and NAS boxes leave among pictures; dot names are hidden anyway.
_SKIPPED = frozenset(
    ["$recycle.bin", "system volume information", "lost+found", "@eadir", "#recycle", "__macosx"]
)
_INT64 = 2**63 - 1


@dataclass(frozen=True)
class FoundFile:
    """A picture file by its name. `path` as the system's bytes; `mtime_ns` clipped to 64 bits."""

    path: bytes
    size: int
    mtime_ns: int
    device: int


@dataclass
class Scan:
    """One walk: the roots really walked, and the folders that could not be listed."""

    roots: list[bytes]
    skip: bytes  # the library's own folder
    unreadable: list[Path] = field(default_factory=list)
    _visited: set[tuple[int, int]] = field(default_factory=set)

    def files(self) -> Iterator[FoundFile]:
        """Every picture file once, in a stable order, folder by folder."""
        pending = list(reversed(self.roots))
        while pending:
            folder = pending.pop()
            entries = self._list(folder)
            yield from (found for entry in entries if (found := _file(entry)) is not None)
            # Real folders before links to them, so that a link never takes a folder's place.
            folders = sorted((e for e in entries if _is_folder(e)), key=lambda e: e.is_symlink())
            pending.extend(entry.path for entry in reversed(folders))

    def _list(self, folder: bytes) -> list[os.DirEntry[bytes]]:
        try:
            status = Path(os.fsdecode(folder)).stat()
            key = (status.st_dev, status.st_ino)
            if key in self._visited or folder == self.skip:
                return []
            self._visited.add(key)
            with os.scandir(folder) as entries:
                return sorted(filter(_is_wanted, entries), key=lambda entry: entry.name)
        except OSError:
            self.unreadable.append(Path(os.fsdecode(folder)))
            return []


def roots_of(folders: Sequence[Path]) -> list[bytes]:
    """Real paths of `folders`, without those that lie inside another."""
    real = sorted({real_path(folder) for folder in folders})
    outer: list[bytes] = []
    for path in real:
        if not any(is_within(path, root) for root in outer):
            outer.append(path)
    return outer


def mtime_of(status: os.stat_result) -> int:
    return max(-_INT64, min(_INT64, status.st_mtime_ns))


def device_of(status: os.stat_result) -> int:
    return status.st_dev & _INT64


def _is_wanted(entry: os.DirEntry[bytes]) -> bool:
    return not entry.name.startswith(b".") and os.fsdecode(entry.name).lower() not in _SKIPPED


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that loops or leads nowhere allowed
        return False


def _file(entry: os.DirEntry[bytes]) -> FoundFile | None:
    if Path(os.fsdecode(entry.name)).suffix.lower() not in SUFFIXES:
        return None
    try:
        status = entry.stat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return FoundFile(entry.path, status.st_size, mtime_of(status), device_of(status))
