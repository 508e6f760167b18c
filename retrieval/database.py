"""meta.db itself: connections, schema, and errors in words.

WAL with `synchronous=FULL`: a commit survives a power cut, and reads run beside the one writer.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.errors import LibraryBusy, LibraryDamaged
from retrieval.durable import disk_errors, transaction

_VERSION = 2
_SCHEMA = Path(__file__).with_name("schema.sql")
# From a version to the next. What has to be looked up in the pictures stays NULL: an indexing run
# fills it.
_MIGRATIONS = {
    1: """
    ALTER TABLE files ADD COLUMN name BLOB NOT NULL DEFAULT x'';
    UPDATE files SET name = last_part(path);
    ALTER TABLE contents ADD COLUMN colours INTEGER;
    ALTER TABLE contents ADD COLUMN text TEXT;
    CREATE INDEX files_by_date ON files (dated) WHERE content_id IS NOT NULL;
    CREATE INDEX files_by_name ON files (name) WHERE content_id IS NOT NULL;
    CREATE INDEX files_by_size ON files (size) WHERE content_id IS NOT NULL;
    """,
}


class Database:
    """One writing and one reading connection, each for one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open or create. `LibraryDamaged` when it is not a sound library of a known version."""
        self._path = path
        self._reading = threading.Lock()
        self._writing = threading.Lock()
        with self._sound():
            self._writer = _connect(path)
            _prepare(self._writer, path)
            self._reader = _connect(path)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing. `DiskFull`: nothing was written."""
        with self._sound(), self._writing, transaction(self._writer) as db:
            yield db

    def rows(self, sql: str, *parameters: object) -> list[sqlite3.Row]:
        with self._sound(), self._reading:
            return self._reader.execute(sql, parameters).fetchall()

    def one(self, sql: str, *parameters: object) -> sqlite3.Row | None:
        return next(iter(self.rows(sql, *parameters)), None)

    def version(self) -> int:
        """Another number after every commit of the writer (SQLite's data_version)."""
        return int(self.rows("PRAGMA data_version")[0][0])

    def close(self) -> None:
        with self._reading, self._writing:
            self._reader.close()
            self._writer.close()

    @contextmanager
    def _sound(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:  # SQLITE_CORRUPT, SQLITE_NOTADB
            if isinstance(error, (sqlite3.IntegrityError, sqlite3.ProgrammingError)):
                raise
            raise damaged(self._path) from error


class WriterLock:
    """Held from opening to closing a library; the system drops it when the process dies.

    An exclusive transaction on an empty SQLite file: the same lock on every system, and never
    inherited by a child process.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(
            path, timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise LibraryBusy(
                "图库正被另一个程序使用。请先关掉它，或者在它里面操作。",
                "Another process is using the library. Close it first, or work in that one.",
            ) from error

    def release(self) -> None:
        self._connection.close()


def damaged(path: Path) -> LibraryDamaged:
    return LibraryDamaged(
        f"图库文件坏了：{path}。图片本身没有受影响；请把这个文件夹移走，再重新索引。",
        f"The library file is damaged: {path}. Your pictures are safe; move this folder away "
        "and index them again.",
    )


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > _VERSION:
        raise LibraryDamaged(
            "这个图库由更新版本的程序建立。请升级程序。",
            "A newer version made this library. Upgrade the program.",
        )
    if version == 0:
        _run(connection, _SCHEMA.read_text("utf-8"), _VERSION)
    elif connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise damaged(path)
    else:
        connection.create_function("last_part", 1, os.path.basename, deterministic=True)
        for old in range(version, _VERSION):
            _run(connection, _MIGRATIONS[old], old + 1)


def _run(connection: sqlite3.Connection, script: str, version: int) -> None:
    """A script and the version that it leads to, all or nothing. `DiskFull`: nothing was done."""
    with disk_errors():
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE; {script} PRAGMA user_version={version}; COMMIT;"
            )
        except sqlite3.Error:
            connection.rollback()
            raise
