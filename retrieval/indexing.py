"""One run over folders: what changed, embed it, commit it batch by batch, forget what is gone."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from models.errors import NotFound
from retrieval.embedding import ImageStages, check_rows
from retrieval.generation import Generation
from retrieval.missing import Absence
from retrieval.outcomes import Decoded, Failed, Known, Outcome, Vanished
from retrieval.pipeline import IO_ERROR, DecodePool
from retrieval.progress import Meter
from retrieval.records import IndexReport, ShowProgress
from retrieval.scan import FoundFile, Scan, device_of, mtime_of
from retrieval.store import Remembered, Store

_OUTCOMES_PER_COMMIT = 256  # when few of them need the model


class IndexRun:
    """Used once, by one thread. Stopped anywhere, the next run carries on from the last commit."""

    def __init__(
        self, store: Store, generation: Generation, show: ShowProgress, cancel: threading.Event
    ) -> None:
        self._store = store
        self._generation = generation
        self._stages: ImageStages[object] = generation.embedder.image_stages()
        self._meter = Meter(show)
        self._cancel = cancel
        self._started = time.monotonic()
        self._missing: dict[bytes, Remembered] = {}
        self._moved: list[tuple[bytes, int]] = []
        self._renumbered: set[tuple[int, int]] = set()

    def over(self, scan: Scan) -> IndexReport:
        """Bring the library up to date with the folders of `scan`."""
        for root in scan.roots:
            known = self._store.remembered(self._generation.id, root)
            _require(root, known)
            self._missing |= known
        todo = self._changed(scan)
        self._embed(todo)
        gone = [] if self._cancel.is_set() else self._forget_gone()
        self._generation.tidy()
        return self._report(len(gone), tuple(scan.unreadable))

    def fill(self) -> IndexReport:
        """Embed every content that this generation lacks, from any file that still holds it."""
        paths = self._store.without_vector(self._generation.id)
        todo = [found for path in paths if (found := _find(path)) is not None]
        self._meter.count("found", len(todo))
        self._embed(todo)
        self._generation.tidy()
        return self._report(0, ())

    def _changed(self, scan: Scan) -> list[FoundFile]:
        """Files that must be read. What was remembered and not seen stays in `_missing`."""
        todo = []
        for found in scan.files():
            if self._cancel.is_set():
                break
            self._meter.count("found")
            before = self._missing.pop(found.path, None)
            if before is None or not _is_unchanged(before, found):
                todo.append(found)
                continue
            self._meter.count("skipped" if before.error_code is None else "unreadable")
            if before.device != found.device:
                self._renumbered.add((before.device, found.device))
                self._moved.append((found.path, found.device))
        self._store.set_devices(self._moved)
        return todo

    def _embed(self, todo: Sequence[FoundFile]) -> None:
        self._meter.start()
        pool = DecodePool(todo, self._stages, self._has_vector)
        try:
            for batch in self._batches(pool.outcomes(self._cancel)):
                self._commit(batch, pool)
        finally:
            pool.close()
            self._meter.show()

    def _has_vector(self, sha256: bytes) -> bool:
        return self._store.has_vector(self._generation.id, sha256)

    def _batches(self, outcomes: Iterator[Outcome]) -> Iterator[list[Decoded | Known | Failed]]:
        batch: list[Decoded | Known | Failed] = []
        decoded = 0
        for outcome in outcomes:
            if isinstance(outcome, Vanished):
                self._meter.count("vanished")
                continue
            batch.append(outcome)
            decoded += isinstance(outcome, Decoded)
            if decoded == self._stages.batch_size or len(batch) == _OUTCOMES_PER_COMMIT:
                yield batch
                batch, decoded = [], 0
        if batch and not self._cancel.is_set():
            yield batch

    def _commit(self, batch: list[Decoded | Known | Failed], pool: DecodePool) -> None:
        new = [outcome for outcome in batch if isinstance(outcome, Decoded)]
        dimension = self._generation.space.dimension
        rows = np.empty((0, dimension), np.float32)
        if new:
            given = self._stages.forward([outcome.prepared for outcome in new])
            rows = check_rows(given, len(new), dimension)
        self._generation.commit(batch, rows)
        pool.committed(outcome.sha256 for outcome in new)
        failed = sum(isinstance(outcome, Failed) for outcome in batch)
        self._meter.current = Path(os.fsdecode(batch[-1].file.path))
        self._meter.worked(len(batch))
        self._meter.count("embedded", len(new))
        self._meter.count("unreadable", failed)
        self._meter.count("indexed", len(batch) - failed)

    def _forget_gone(self) -> list[bytes]:
        absence = Absence(self._renumbered)
        gone = [p for p, before in self._missing.items() if absence.is_gone(p, before.device)]
        for path in gone:
            del self._missing[path]
        self._generation.forget(gone)
        return gone

    def _report(self, forgotten: int, unreadable_folders: tuple[Path, ...]) -> IndexReport:
        counts = self._meter.counts
        return IndexReport(
            found=counts["found"],
            indexed=counts["indexed"],
            embedded=counts["embedded"],
            skipped=counts["skipped"],
            unreadable=counts["unreadable"],
            forgotten=forgotten,
            out_of_reach=0 if self._cancel.is_set() else len(self._missing),
            unreadable_folders=unreadable_folders,
            seconds=time.monotonic() - self._started,
            cancelled=self._cancel.is_set(),
        )


def _require(root: bytes, known: dict[bytes, Remembered]) -> None:
    """A folder that is not there is out of reach if it was indexed before; else a mistake."""
    if not known and not Path(os.fsdecode(root)).is_dir():
        raise NotFound(
            f"找不到文件夹：{os.fsdecode(root)}。请检查路径。",
            f"No such folder: {os.fsdecode(root)}. Check the path.",
        )


def _is_unchanged(before: Remembered, found: FoundFile) -> bool:
    if (before.size, before.mtime_ns) != (found.size, found.mtime_ns):
        return False
    return before.has_vector or before.error_code not in (None, IO_ERROR)


def _find(path: bytes) -> FoundFile | None:
    try:
        status = Path(os.fsdecode(path)).stat()
    except OSError:
        return None
    return FoundFile(path, status.st_size, mtime_of(status), device_of(status))
