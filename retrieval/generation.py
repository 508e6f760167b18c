"""All that one embedder has put into the library: its vectors, its index, its place in SQLite."""

import hashlib
import logging
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval import index as nearest
from retrieval.embedding import Embedder
from retrieval.index import NearestIndex, build_index
from retrieval.manifest import Disagreement, Space, discard_index, load_index, save_index
from retrieval.outcomes import Decoded, Failed, Known
from retrieval.records import Notice
from retrieval.snapshot import Snapshot, empty_tail
from retrieval.store import Store
from retrieval.vectors import VectorLog, next_boundary

_log = logging.getLogger(__name__)

_LONGEST_TAIL = 4_096  # beside a flat index, which is quick to rebuild
_LONGEST_TAIL_SHARE = 5  # beside a compressed one: a fifth of it, and at least FLAT_ROWS
_FEWEST_DEAD = 256
_DEAD_SHARE = 4  # compact when a quarter of the rows is dead


class Generation:
    """Opened and repaired by the constructor; written by one thread, searched by any."""

    def __init__(self, root: Path, store: Store, embedder: Embedder) -> None:
        self.embedder = embedder
        self.space = Space(embedder.name, embedder.revision, embedder.dimension)
        self.notices: list[Notice] = []
        self._store = store
        self.id = store.generation(*_key(self.space))
        name = _folder_name(self.space)
        self._index_folder = root / "index" / name
        self._log = VectorLog(root / "vectors" / name, self.space.dimension)
        self._repair_log()
        self.snapshot = self._open_snapshot()

    # -- writing ------------------------------------------------------------------------------

    def commit(
        self, outcomes: Sequence[Decoded | Known | Failed], rows: NDArray[np.float32]
    ) -> None:
        """Append `rows` [n, dimension], one per `Decoded` in order; commit; show to searches."""
        first = self._store.next_slot(self.id)
        stored = rows.astype(np.float16)
        batches = self._log.append(first, stored) if len(rows) else []
        done = self._store.commit(self.id, outcomes, batches, first + len(rows))
        slots = np.arange(first, first + len(rows), dtype=np.int64)
        longer = self.snapshot.extended(slots, done.contents, stored.astype(np.float32))
        self.snapshot = longer.revised(done.touched, self._store.unheld(done.touched))
        if len(self.snapshot.tail) > self._longest_tail():
            self.fold()

    def forget(self, paths: Sequence[bytes]) -> None:
        touched = self._store.forget(paths)
        self.snapshot = self.snapshot.revised(touched, self._store.unheld(touched))

    def fold(self) -> None:
        """Take the tail into the index."""
        old = self.snapshot
        index = build_index(self._log, old.slots, self.space.dimension)
        self._save(index, old.slots)
        self.snapshot = Snapshot(
            self._log, index, empty_tail(self.space.dimension), old.slots, old.contents, old.alive
        )

    def tidy(self) -> None:
        """After a run: drop dead rows when they are many, and take in a tail that is long."""
        dead = int(np.count_nonzero(~self.snapshot.alive))
        if dead >= _FEWEST_DEAD and dead * _DEAD_SHARE >= len(self.snapshot.alive):
            self.compact()
        elif len(self.snapshot.tail) > _LONGEST_TAIL:
            self.fold()

    def compact(self) -> None:
        """Move the living rows to new segments and delete the old, dead rows with them."""
        old = self.snapshot
        contents = old.contents[old.alive]
        first = next_boundary(self._store.next_slot(self.id))
        slots = np.arange(first, first + len(contents), dtype=np.int64)
        batches = []
        for start in range(0, len(slots), nearest.FLAT_ROWS):
            rows = self._log.read(old.slots[old.alive][start : start + nearest.FLAT_ROWS])
            batches += self._log.append(first + start, rows)
        self._store.replace_vectors(self.id, slots, contents, batches, first + len(slots))
        self.snapshot = Snapshot(
            self._log,
            build_index(self._log, slots, self.space.dimension),
            empty_tail(self.space.dimension),
            slots,
            contents,
            np.ones(len(slots), np.bool_),
        )
        self._save(self.snapshot.index, slots)
        self._log.retire(first)

    def close(self) -> None:
        self._log.close()

    def _longest_tail(self) -> int:
        if self.snapshot.index.kind == "flat":
            return _LONGEST_TAIL
        return max(nearest.FLAT_ROWS, len(self.snapshot.index) // _LONGEST_TAIL_SHARE)

    def _save(self, index: NearestIndex, slots: NDArray[np.int64]) -> None:
        if index.kind == "flat":
            discard_index(self._index_folder)
        else:
            save_index(self._index_folder, self.space, index, slots)

    # -- opening ------------------------------------------------------------------------------

    def _repair_log(self) -> None:
        batches = self._store.batches(self.id)
        end = self._store.next_slot(self.id)
        self._log.cut(batches[0].first_slot if batches else end, end)
        broken = [batch for batch in batches if not self._log.is_intact(batch)]
        if broken:
            self._store.drop_batches(self.id, broken)
            lost = sum(batch.rows for batch in broken)
            self._notice(
                f"{lost}张图片的向量在磁盘上坏了，已经剔除；再索引一次就会补上。",
                f"The vectors of {lost} pictures were damaged on disk and were dropped; "
                "index again to make them anew.",
            )

    def _open_snapshot(self) -> Snapshot:
        slots, contents = self._store.vectors(self.id)
        index = self._open_index(slots)
        tail = self._log.read(slots[len(index) :]).astype(np.float32)
        alive = ~np.isin(contents, list(self._store.unheld()))
        return Snapshot(self._log, index, tail, slots, contents, alive)

    def _open_index(self, slots: NDArray[np.int64]) -> NearestIndex:
        try:
            index = load_index(self._index_folder, self.space, slots)
        except Disagreement as error:
            _log.warning("rebuilding the picture index: %s", error)
            self._notice(
                "图片索引和图库对不上，已经重新建立。",
                "The picture index did not match the library and was rebuilt.",
            )
            index = None
        if index is None:
            index = build_index(self._log, slots, self.space.dimension)
            self._save(index, slots)
        return index

    def _notice(self, zh: str, en: str) -> None:
        _log.warning(en)
        self.notices.append(Notice(zh, en))


def _key(space: Space) -> tuple[str, str, int]:
    return space.embedder, space.revision, space.dimension


def _folder_name(space: Space) -> str:
    digest = hashlib.sha256(repr(_key(space)).encode()).hexdigest()[:8]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", space.embedder)[:40] + f"-{digest}"
