"""What deterministic tools have answered before: one SQLite file, the longest unused goes first.

A cache and nothing more: a file that is damaged is dropped with a line in the log, and no error
of it ever reaches a turn.
"""

import json
import logging
import sqlite3
import threading
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, crc32 INTEGER NOT NULL, bytes INTEGER NOT NULL,
    used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answers_by_use ON answers (used);
"""
_NEXT = "(SELECT coalesce(max(used), 0) + 1 FROM answers)"


@dataclass(frozen=True)
class CacheStats:
    """`bytes` of the values and their keys; `limit` is what they may come to."""

    entries: int
    bytes: int
    limit: int


class AnswerCache:
    """JSON values by key, at most `limit` bytes of them; thread-safe. A limit of 0 keeps none.

    `version` of the program belongs into every key: another one may answer otherwise.
    """

    def __init__(self, path: Path, limit: int, version: str = "") -> None:
        self.version = version
        self._path, self._limit = path, limit
        self._lock = threading.Lock()
        self._db = self._opened()

    def get(self, key: str) -> Any | None:
        """The value stored under `key`; None without one."""
        with self._lock:
            try:
                return self._read(key)
            except sqlite3.DatabaseError:
                self._drop()
                return None

    def put(self, key: str, value: Any) -> None:
        """Keep a JSON value; one that is larger than a tenth of the whole is not worth it."""
        text = json.dumps(value)
        size = len(key) + len(text)
        if size > self._limit // 10:
            return
        with self._lock:
            try:
                self._write(key, text, size)
            except sqlite3.DatabaseError:
                self._drop()

    def clear(self) -> CacheStats:
        """Forget everything; what there was."""
        with self._lock:
            try:
                before = self._stats()
                self._db.execute("DELETE FROM answers")
                self._db.execute("VACUUM")  # nor do they stay readable in free pages
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.DatabaseError:
                self._drop()
                return CacheStats(0, 0, self._limit)
        return before

    def stats(self) -> CacheStats:
        with self._lock:
            return self._stats()

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _read(self, key: str) -> Any | None:
        row = self._db.execute("SELECT value, crc32 FROM answers WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        text, checksum = row
        if zlib.crc32(text.encode()) != checksum:
            raise sqlite3.DatabaseError("a value is not what was stored")
        self._db.execute(f"UPDATE answers SET used = {_NEXT} WHERE key = ?", (key,))  # noqa: S608
        return json.loads(text)

    def _write(self, key: str, text: str, size: int) -> None:
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(
                f"INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, {_NEXT})",  # noqa: S608
                (key, text, zlib.crc32(text.encode()), size),
            )
            surplus = self._stats().bytes - self._limit
            while surplus > 0:
                surplus -= self._forget_oldest()

    def _forget_oldest(self) -> int:
        [row] = self._db.execute(
            "DELETE FROM answers WHERE key = (SELECT key FROM answers ORDER BY used LIMIT 1)"
            " RETURNING bytes"
        ).fetchall()
        return int(row[0])

    def _stats(self) -> CacheStats:
        sql = "SELECT count(*), coalesce(sum(bytes), 0) FROM answers"
        entries, size = self._db.execute(sql).fetchone()
        return CacheStats(entries, size, self._limit)

    def _opened(self) -> sqlite3.Connection:
        try:
            return _open(self._path)
        except sqlite3.DatabaseError:
            return self._anew()

    def _drop(self) -> None:
        self._db.close()
        self._db = self._anew()

    def _anew(self) -> sqlite3.Connection:
        """An empty cache; one that cannot be written (a full disk) is kept in memory alone."""
        logger.warning("%s cannot be used; the answers kept in it are dropped", self._path)
        try:
            _remove(self._path)
            return _open(self._path)
        except (OSError, sqlite3.DatabaseError):
            return _open(Path(":memory:"))


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.executescript(_SCHEMA)
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("damaged")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
