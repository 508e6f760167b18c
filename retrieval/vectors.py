"""The truth about vectors: append-only segments of fp16 rows, one file per 65,536 slots.

    seg-0.f16  slots 0 … 65,535, each `dimension` little-endian fp16
    seg-1.f16  …

A slot is durable once `append` returns (fsync of the file, and of the folder for a new file) and
counts once SQLite has committed it. Slots are never reused.
"""

import os
import re
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.errors import LibraryDamaged
from retrieval.durable import disk_errors, make_folder, sync_folder

SEGMENT_ROWS = 65_536
_SEGMENT = re.compile(r"seg-(\d+)\.f16")


@dataclass(frozen=True)
class Batch:
    """A run of slots inside one segment and the CRC-32 of its bytes."""

    first_slot: int
    rows: int
    crc32: int


class VectorLog:
    """Rows of float16 [dimension] by slot. One writer; any number of reading threads."""

    def __init__(self, folder: Path, dimension: int) -> None:
        self._folder = folder
        self._row_bytes = 2 * dimension
        self._dimension = dimension
        self._files: dict[int, int] = {}
        self._opening = threading.Lock()
        make_folder(folder)

    def append(self, slot: int, rows: NDArray[np.float16]) -> list[Batch]:
        """Write `rows` [n, dimension] at `slot`… and fsync. `DiskFull`: nothing was appended."""
        batches = []
        with disk_errors():
            for start, part in _by_segment(slot, rows):
                data = part.astype("<f2").tobytes()
                self._write(start, data)
                batches.append(Batch(start, len(part), zlib.crc32(data)))
        return batches

    def read(self, slots: NDArray[np.int64]) -> NDArray[np.float16]:
        """[n] slots → float16 [n, dimension]. `LibraryDamaged` when the rows are not there."""
        parts = [self._read(int(slots[start]), stop - start) for start, stop in _runs(slots)]
        data = b"".join(parts)
        if len(data) != len(slots) * self._row_bytes:
            raise LibraryDamaged(
                "图库的向量文件缺了一段。请重新启动程序，缺的图片再索引一次就会补上。",
                "Part of the vector file is missing. Restart, then index again to fill it in.",
            )
        return np.frombuffer(data, "<f2").reshape(len(slots), self._dimension)

    def is_intact(self, batch: Batch) -> bool:
        """Whether the bytes on disk are still those that were committed."""
        data = self._read(batch.first_slot, batch.rows)
        return len(data) == batch.rows * self._row_bytes and zlib.crc32(data) == batch.crc32

    def cut(self, first_slot: int, next_slot: int) -> None:
        """Drop all bytes outside the committed slots [first_slot, next_slot)."""
        for number, path in self._segments():
            kept = max(0, min(next_slot - number * SEGMENT_ROWS, SEGMENT_ROWS)) * self._row_bytes
            if kept == 0 or (number + 1) * SEGMENT_ROWS <= first_slot:
                path.unlink()
            elif path.stat().st_size > kept:
                os.truncate(path, kept)

    def retire(self, first_slot: int) -> None:
        """Delete the segments before `first_slot`. A search under way can still read them."""
        for number, path in self._segments():
            if (number + 1) * SEGMENT_ROWS <= first_slot:
                self._file(number)
                path.unlink()

    def close(self) -> None:
        with self._opening:
            for descriptor in self._files.values():
                os.close(descriptor)
            self._files.clear()

    def _segments(self) -> list[tuple[int, Path]]:
        matches = ((_SEGMENT.fullmatch(path.name), path) for path in self._folder.iterdir())
        return [(int(match[1]), path) for match, path in matches if match]

    def _write(self, slot: int, data: bytes) -> None:
        number, row = divmod(slot, SEGMENT_ROWS)
        path = self._folder / f"seg-{number}.f16"
        is_new = not path.exists()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.seek(row * self._row_bytes)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            sync_folder(self._folder)

    def _read(self, slot: int, rows: int) -> bytes:
        number, row = divmod(slot, SEGMENT_ROWS)
        try:
            descriptor = self._file(number)
        except FileNotFoundError:
            return b""
        return os.pread(descriptor, rows * self._row_bytes, row * self._row_bytes)

    def _file(self, number: int) -> int:
        with self._opening:
            if number not in self._files:
                self._files[number] = os.open(self._folder / f"seg-{number}.f16", os.O_RDONLY)
            return self._files[number]


def next_boundary(slot: int) -> int:
    """The first slot of the segment after the one `slot` would go to."""
    return (slot // SEGMENT_ROWS + 1) * SEGMENT_ROWS


def _by_segment(slot: int, rows: NDArray[np.float16]) -> Iterator[tuple[int, NDArray[np.float16]]]:
    done = 0
    while done < len(rows):
        room = SEGMENT_ROWS - (slot + done) % SEGMENT_ROWS
        yield slot + done, rows[done : done + room]
        done += room


def _runs(slots: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """(start, stop) of runs of consecutive slots inside one segment."""
    breaks = (np.diff(slots) != 1) | (slots[1:] % SEGMENT_ROWS == 0)
    edges = [0, *(np.flatnonzero(breaks) + 1).tolist(), len(slots)]
    yield from ((a, b) for a, b in pairwise(edges) if b > a)
