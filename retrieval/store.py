"""What the library remembers, as the questions and changes of an indexing run, in SQL."""

import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.database import Database
from retrieval.filters import path_within
from retrieval.outcomes import Decoded, Failed, FileState, Known
from retrieval.vectors import Batch

_UNHELD = """SELECT id FROM contents
             WHERE NOT EXISTS (SELECT 1 FROM files WHERE content_id = contents.id)"""
_WITHOUT_VECTOR = "NOT EXISTS (SELECT 1 FROM vectors WHERE content_id = contents.id)"


@dataclass(frozen=True)
class Remembered:
    """What the store knows of a file: enough to decide whether it must be read again."""

    size: int
    mtime_ns: int
    device: int
    has_vector: bool
    error_code: str | None


@dataclass(frozen=True)
class Committed:
    """`contents`: ids of what was embedded, by slot; `touched`: contents whose files changed."""

    contents: NDArray[np.int64]
    touched: frozenset[int]


class Store:
    """Questions and changes. Changes are made by one thread at a time."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def generation(self, name: str, revision: str, dimension: int) -> int:
        """The id of an embedder's generation, made when new."""
        with self._db.transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO generations (name, revision, dimension) VALUES (?, ?, ?)",
                (name, revision, dimension),
            )
            row = db.execute(
                "SELECT id FROM generations WHERE (name, revision, dimension) = (?, ?, ?)",
                (name, revision, dimension),
            ).fetchone()
        return int(row["id"])

    def next_slot(self, generation: int) -> int:
        row = self._db.one("SELECT next_slot FROM generations WHERE id = ?", generation)
        assert row is not None
        return int(row["next_slot"])

    def batches(self, generation: int) -> list[Batch]:
        sql = "SELECT first_slot, rows, crc32 FROM batches WHERE generation_id = ? ORDER BY 1"
        return [Batch(*row) for row in self._db.rows(sql, generation)]

    def drop_batches(self, generation: int, batches: Iterable[Batch]) -> None:
        """Forget vectors that cannot be trusted; their pictures become pending again."""
        with self._db.transaction() as db:
            for batch in batches:
                first, stop = batch.first_slot, batch.first_slot + batch.rows
                db.execute(
                    "DELETE FROM vectors WHERE generation_id = ? AND slot >= ? AND slot < ?",
                    (generation, first, stop),
                )
                db.execute(
                    "DELETE FROM batches WHERE generation_id = ? AND first_slot = ?",
                    (generation, first),
                )

    def vectors(self, generation: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(slots [n] ascending, content ids [n])."""
        sql = "SELECT slot, content_id FROM vectors WHERE generation_id = ? ORDER BY slot"
        pairs = np.array([tuple(row) for row in self._db.rows(sql, generation)], np.int64)
        pairs = pairs.reshape(-1, 2)
        return pairs[:, 0].copy(), pairs[:, 1].copy()

    def replace_vectors(
        self,
        generation: int,
        slots: NDArray[np.int64],
        contents: NDArray[np.int64],
        batches: Iterable[Batch],
        next_slot: int,
    ) -> None:
        """Move a generation to other slots, and drop contents that nothing refers to any more."""
        with self._db.transaction() as db:
            for table in ("vectors", "batches"):
                db.execute(f"DELETE FROM {table} WHERE generation_id = ?", (generation,))  # noqa: S608
            _insert_vectors(db, generation, slots, contents)
            _append(db, generation, batches, next_slot)
            db.execute(f"DELETE FROM contents WHERE id IN ({_UNHELD} AND {_WITHOUT_VECTOR})")  # noqa: S608

    def remembered(self, generation: int, root: bytes) -> dict[bytes, Remembered]:
        """Every file under `root`."""
        where, values = path_within(root)
        sql = f"""SELECT path, size, mtime_ns, device, error_code, vectors.slot FROM files
                  LEFT JOIN vectors ON generation_id = ? AND vectors.content_id = files.content_id
                  WHERE {where}"""  # noqa: S608
        rows = self._db.rows(sql, generation, *values)
        return {
            row["path"]: Remembered(
                row["size"],
                row["mtime_ns"],
                row["device"],
                row["slot"] is not None,
                row["error_code"],
            )
            for row in rows
        }

    def without_vector(self, generation: int) -> list[bytes]:
        """One path for each content that this generation lacks."""
        sql = """SELECT min(path) AS path FROM files WHERE content_id IS NOT NULL AND content_id
                 NOT IN (SELECT content_id FROM vectors WHERE generation_id = ?)
                 GROUP BY content_id"""
        return [row["path"] for row in self._db.rows(sql, generation)]

    def has_vector(self, generation: int, sha256: bytes) -> bool:
        sql = """SELECT 1 FROM contents JOIN vectors ON vectors.content_id = contents.id
                 WHERE sha256 = ? AND generation_id = ?"""
        return self._db.one(sql, sha256, generation) is not None

    def unheld(self, contents: Iterable[int] | None = None) -> frozenset[int]:
        """Contents that no file holds: of those given, or of all."""
        if contents is None:
            return frozenset(row["id"] for row in self._db.rows(_UNHELD))
        among = f"{_UNHELD} AND id IN (SELECT value FROM json_each(?))"  # noqa: S608
        rows = self._db.rows(among, json.dumps(list(contents)))
        return frozenset(row["id"] for row in rows)

    def commit(
        self,
        generation: int,
        outcomes: Sequence[Decoded | Known | Failed],
        batches: Sequence[Batch],
        next_slot: int,
    ) -> Committed:
        """One step of indexing. The vectors of the `Decoded`, in order, end at `next_slot`."""
        touched: set[int] = set()
        contents: list[int] = []
        with self._db.transaction() as db:
            for outcome in outcomes:
                touched |= _contents_of(db, outcome.file.path)
                if isinstance(outcome, Failed):
                    _upsert_file(db, outcome.file, None, outcome)
                    continue
                content = _content(db, outcome)
                touched.add(content)
                if isinstance(outcome, Decoded):
                    contents.append(content)
                _upsert_file(db, outcome.file, content, None)
            ids = np.array(contents, np.int64)
            slots = np.arange(next_slot - len(ids), next_slot, dtype=np.int64)
            _insert_vectors(db, generation, slots, ids)
            _append(db, generation, batches, next_slot)
        return Committed(ids, frozenset(touched))

    def forget(self, paths: Iterable[bytes]) -> frozenset[int]:
        """Drop files; returns the contents they held."""
        touched: set[int] = set()
        with self._db.transaction() as db:
            for path in paths:
                touched |= _contents_of(db, path)
                db.execute("DELETE FROM files WHERE path = ?", (path,))
        return frozenset(touched)

    def set_devices(self, devices: Iterable[tuple[bytes, int]]) -> None:
        with self._db.transaction() as db:
            db.executemany(
                "UPDATE files SET device = ? WHERE path = ?", ((d, path) for path, d in devices)
            )

    def without_colours(self) -> list[tuple[int, bytes]]:
        """Contents that nobody has looked at for their colours, each with a file that holds it."""
        sql = """SELECT contents.id, min(path) FROM contents JOIN files ON content_id = contents.id
                 WHERE colours IS NULL GROUP BY contents.id"""
        return [(row[0], row[1]) for row in self._db.rows(sql)]

    def set_colours(self, colours: Iterable[tuple[int, int]]) -> None:
        """(content id, bits)."""
        with self._db.transaction() as db:
            db.executemany(
                "UPDATE contents SET colours = ? WHERE id = ?", ((c, i) for i, c in colours)
            )

    def set_text(self, sha256: bytes, text: str) -> None:
        with self._db.transaction() as db:
            db.execute("UPDATE contents SET text = ? WHERE sha256 = ?", (text, sha256))

    def add_folders(self, folders: Iterable[bytes]) -> None:
        with self._db.transaction() as db:
            db.executemany(
                "INSERT OR IGNORE INTO folders (path) VALUES (?)", ((f,) for f in folders)
            )

    def drop_folders(self, folder: bytes) -> None:
        with self._db.transaction() as db:
            where, values = path_within(folder)
            where = where.replace("files.path", "path")
            db.execute(f"DELETE FROM folders WHERE path = ? OR {where}", (folder, *values))  # noqa: S608

    def folders(self) -> list[bytes]:
        return [row["path"] for row in self._db.rows("SELECT path FROM folders ORDER BY path")]


def _contents_of(db: sqlite3.Connection, path: bytes) -> set[int]:
    row = db.execute("SELECT content_id FROM files WHERE path = ?", (path,)).fetchone()
    return set() if row is None or row[0] is None else {row[0]}


def _content(db: sqlite3.Connection, outcome: Decoded | Known) -> int:
    if isinstance(outcome, Decoded):
        header = outcome.header
        db.execute(
            "INSERT INTO contents (sha256, format, width, height, taken, colours)"
            " VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (sha256) DO UPDATE SET colours = excluded.colours",
            (
                *(outcome.sha256, header.format, header.width, header.height, header.taken),
                outcome.colours,
            ),
        )
    row = db.execute("SELECT id FROM contents WHERE sha256 = ?", (outcome.sha256,)).fetchone()
    return int(row[0])


def _upsert_file(
    db: sqlite3.Connection, file: FileState, content: int | None, failure: Failed | None
) -> None:
    why = (None, None, None) if failure is None else (failure.code, failure.zh, failure.en)
    db.execute(
        "INSERT INTO files (path, name, size, mtime_ns, device, dated, content_id,"
        " error_code, error_zh, error_en) VALUES"
        " (?, ?, ?, ?, ?, coalesce((SELECT taken FROM contents WHERE id = ?), ?), ?, ?, ?, ?)"
        " ON CONFLICT (path) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns,"
        " device = excluded.device, dated = excluded.dated, content_id = excluded.content_id,"
        " error_code = excluded.error_code, error_zh = excluded.error_zh,"
        " error_en = excluded.error_en",
        (
            *(file.path, os.path.basename(file.path), file.size, file.mtime_ns, file.device),  # noqa: PTH119
            *(content, file.modified, content, *why),
        ),
    )


def _insert_vectors(
    db: sqlite3.Connection, generation: int, slots: NDArray[np.int64], contents: NDArray[np.int64]
) -> None:
    db.executemany(
        "INSERT INTO vectors (generation_id, slot, content_id) VALUES (?, ?, ?)",
        ((generation, s, c) for s, c in zip(slots.tolist(), contents.tolist(), strict=True)),
    )


def _append(
    db: sqlite3.Connection, generation: int, batches: Iterable[Batch], next_slot: int
) -> None:
    db.executemany(
        "INSERT INTO batches (generation_id, first_slot, rows, crc32) VALUES (?, ?, ?, ?)",
        ((generation, b.first_slot, b.rows, b.crc32) for b in batches),
    )
    db.execute("UPDATE generations SET next_slot = ? WHERE id = ?", (next_slot, generation))
