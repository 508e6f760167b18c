"""Writes that survive a power cut, and a full disk told apart from every other error."""

import errno
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.errors import DiskFull

# EFBIG: a quota set as a limit on file size; SQLite reports a failed write as an I/O error.
_FULL = frozenset([errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
_SQLITE_FULL = frozenset([sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE])


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turns "no space left", wherever it comes from, into `DiskFull`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise _disk_full() from error
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode not in _SQLITE_FULL:
            raise
        raise _disk_full() from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All or nothing, on a connection in autocommit mode. `DiskFull`: nothing was written.

    sqlite3's own context manager rolls back after a failed COMMIT too, and does nothing where
    SQLite has rolled back by itself (a full disk is such an error).
    """
    with disk_errors(), connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def sync_folder(folder: Path) -> None:
    """Makes the names in `folder` durable (fsync(2): a new file needs its folder synced too)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Create a folder and those above it, durably; private to the person."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def write_file(path: Path, data: bytes) -> None:
    """Replace `path` whole or not at all."""
    beside = path.with_name(path.name + ".part")
    with disk_errors():
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _disk_full() -> DiskFull:
    return DiskFull(
        "磁盘满了，这次没有写进去；已经写好的都还在。请腾出空间再继续。",
        "The disk is full. What was written is safe; free some space and continue.",
    )
