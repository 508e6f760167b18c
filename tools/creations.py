"""Everything that was made here, across conversations: find it, follow it, delete it.

Reads and deletes beside the store, over a connection of its own to the same database.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from models.errors import NotFound
from retrieval.durable import transaction
from tools.artifacts import Artifact, ArtifactStore

# What a checkpoint made; what a search brought in, and unfinished pictures, are none.
_MADE = """json_extract(lineage, '$.source') = 'tool'
           AND json_extract(lineage, '$.checkpoint') IS NOT NULL"""
_WORDS = """lower(name || ' ' || coalesce(json_extract(lineage, '$.prompt'), '') || ' ' ||
            coalesce(json_extract(lineage, '$.arguments'), ''))"""
_INDEX = "CREATE INDEX IF NOT EXISTS artifacts_by_time ON artifacts (created)"


@dataclass(frozen=True)
class Wish:
    """All that are given must hold. `words`: each is in the prompt or another argument, or in the
    name. `after`, `before`: days of this machine's calendar, both included."""

    words: str = ""
    tool: str | None = None
    checkpoint: str | None = None
    after: date | None = None
    before: date | None = None

    def where(self) -> tuple[str, list[object]]:
        """An SQL condition and its parameters."""
        given: list[tuple[str, object]] = [
            (f"instr({_WORDS}, ?) > 0", word)
            for word in self.words.lower().encode("utf-8", "replace").decode().split()
        ]
        if self.tool is not None:
            given.append(("json_extract(lineage, '$.tool') = ?", self.tool))
        if self.checkpoint is not None:
            given.append(("json_extract(lineage, '$.checkpoint') = ?", self.checkpoint))
        if self.after is not None:
            given.append(("created >= ?", _midnight(self.after)))
        if self.before is not None and self.before < date.max:
            given.append(("created < ?", _midnight(self.before + timedelta(days=1))))
        conditions = [_MADE, *(condition for condition, _ in given)]
        return " AND ".join(conditions), [value for _, value in given]


@dataclass(frozen=True)
class Made:
    """Some of `total` creations, the newest first."""

    sha256s: tuple[str, ...]
    total: int


class Creations:
    """Thread-safe; beside the store of the same `root`."""

    def __init__(self, root: Path, store: ArtifactStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._db = sqlite3.connect(
            root / "artifacts.db", isolation_level=None, check_same_thread=False, timeout=10
        )
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute(_INDEX)

    def search(self, wish: Wish, limit: int, offset: int = 0) -> Made:
        where, values = wish.where()
        rows = self._rows(
            f"SELECT sha256 FROM artifacts WHERE {where} ORDER BY created DESC, sha256",  # noqa: S608
            *values,
        )
        shown = tuple(row["sha256"] for row in rows[offset : offset + limit])
        return Made(shown, len(rows))

    def makers(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(tools, checkpoints) that made anything that is still here."""
        rows = self._rows(
            f"""SELECT DISTINCT json_extract(lineage, '$.tool') AS tool,
                json_extract(lineage, '$.checkpoint') AS checkpoint
                FROM artifacts WHERE {_MADE}"""  # noqa: S608
        )
        tools = {row["tool"] for row in rows if row["tool"]}
        return tuple(sorted(tools)), tuple(sorted({row["checkpoint"] for row in rows}))

    def children(self, sha256: str) -> tuple[Artifact, ...]:
        """What was made from it, the newest first."""
        rows = self._rows(
            f"SELECT sha256 FROM artifacts WHERE {_MADE} AND EXISTS (SELECT 1 FROM"  # noqa: S608
            " json_each(lineage, '$.parents') WHERE value = ?) ORDER BY created DESC LIMIT 50",
            sha256,
        )
        return tuple(self._store.get(row["sha256"]) for row in rows)

    def conversations(self, sha256: str) -> tuple[str, ...]:
        """Ids of the conversations that show it."""
        rows = self._rows(
            "SELECT DISTINCT conversation_id FROM handles WHERE sha256 = ? ORDER BY 1", sha256
        )
        return tuple(row[0] for row in rows)

    def delete(self, sha256s: Sequence[str]) -> int:
        """Delete for good: row, lineage, file and all that was derived from it; how many.

        A conversation that shows one keeps its words and the number of the handle, which from now
        on means nothing: tools and page say so. `NotFound` when none of them was made here.
        """
        with self._write() as db:
            [rows] = db.execute(
                f"SELECT json_group_array(sha256) FROM artifacts WHERE {_MADE}"  # noqa: S608
                " AND sha256 IN (SELECT value FROM json_each(?))",
                (json.dumps(list(sha256s)),),
            ).fetchone()
            db.execute(
                "DELETE FROM artifacts WHERE sha256 IN (SELECT value FROM json_each(?))", (rows,)
            )
        deleted: list[str] = json.loads(rows)
        if not deleted:
            raise NotFound("这些作品已经不在了。", "None of these creations is there any more.")
        for sha256 in deleted:
            self._store.unlink(sha256)
        return len(deleted)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _rows(self, sql: str, *values: object) -> "list[sqlite3.Row]":
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock, transaction(self._db) as db:
            yield db


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day).timestamp()  # noqa: DTZ001 - this machine's day
