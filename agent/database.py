"""One SQLite file for events, conversations and runs: a writer and a reader over WAL."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from retrieval.durable import transaction

SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL,
    deleted REAL, source TEXT NOT NULL DEFAULT 'person'
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, conversation_id TEXT NOT NULL, state TEXT NOT NULL, reason TEXT,
    created REAL NOT NULL, ended REAL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS runs_by_conversation ON runs (conversation_id, created);
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, conversation_id TEXT NOT NULL, run_id TEXT NOT NULL,
    created REAL NOT NULL, event TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS events_by_run ON events (run_id, seq);
CREATE INDEX IF NOT EXISTS events_by_conversation ON events (conversation_id, seq);
CREATE TABLE IF NOT EXISTS branches (
    conversation_id TEXT PRIMARY KEY, origin_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS feedback (
    run_id TEXT PRIMARY KEY, conversation_id TEXT NOT NULL, verdict TEXT NOT NULL,
    note TEXT NOT NULL, updated REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS feedback_by_conversation ON feedback (conversation_id);
"""


class Database:
    """Thread-safe. A commit survives the death of the process at any point; a power cut may take
    back the last moments, never the file (`synchronous=NORMAL` over WAL, sqlite.org/wal.html)."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer, self._write_lock = _open(path), threading.Lock()
        self._writer.executescript(SCHEMA)
        _complete(self._writer)
        self._reader, self._read_lock = _open(path), threading.Lock()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed on leaving, rolled back on an error. Raises `DiskFull`."""
        with self._write_lock, transaction(self._writer) as db:
            yield db

    def read(self, query: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        with self._read_lock:
            return self._reader.execute(query, values).fetchall()

    def close(self) -> None:
        with self._write_lock, self._read_lock:
            self._writer.close()
            self._reader.close()


def _complete(db: sqlite3.Connection) -> None:
    """Add the column that a file of an earlier version has not."""
    columns = {row["name"] for row in db.execute("PRAGMA table_info(conversations)")}
    if "source" not in columns:
        db.execute("ALTER TABLE conversations ADD COLUMN source TEXT NOT NULL DEFAULT 'person'")


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection
