"""The data directory: one engine at a time.

`engine.lock` is held by the engine for as long as it lives; the system lets go of it when the
process dies, however it dies. `engine.json` says where that engine answers.
"""

import hashlib
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout

from models.errors import EngineUnavailable


class HomeClaim:
    """The right to write to a data directory. Ends with `release` or the process."""

    def __init__(self, home: Path, lock: FileLock) -> None:
        self.home = home
        self._lock = lock

    def serving_at(self, url: str) -> None:
        """Tell others where the engine answers."""
        _note_path(self.home).write_text(json.dumps({"pid": os.getpid(), "url": url}))

    def release(self) -> None:
        _note_path(self.home).unlink(missing_ok=True)
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


def claim_home(home: Path) -> HomeClaim:
    """Create `home` if need be and claim it. EngineUnavailable when another engine has it."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(home / "engine.lock", thread_local=False)
        lock.acquire(blocking=False)
    except Timeout as error:
        raise _taken(home) from error
    except OSError as error:
        raise EngineUnavailable(
            f"数据目录 {home} 用不了（{error.strerror}）。请检查权限，或用 DUOMO_HOME 换一个。",
            f"Cannot use the data directory {home} ({error.strerror}). "
            "Check its permissions, or choose another with DUOMO_HOME.",
        ) from error
    return HomeClaim(home, lock)


def running_engine(home: Path) -> str | None:
    """The URL that the engine of `home` wrote down; it may be gone, so ask its `/healthz`."""
    try:
        note: Any = json.loads(_note_path(home).read_text())
    except (OSError, ValueError):
        return None
    return str(note["url"]) if isinstance(note, dict) and "url" in note else None


def home_id(home: Path) -> str:
    """A short digest by which a client knows whose engine answers, without being told the path."""
    return hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]


def _note_path(home: Path) -> Path:
    return home / "engine.json"


def _taken(home: Path) -> EngineUnavailable:
    url = running_engine(home)
    where_zh, where_en = (f"（{url}）", f" at {url}") if url else ("", "")
    return EngineUnavailable(
        f"数据目录 {home} 已有一个引擎在用{where_zh}。请直接用它，或先关掉它。",
        f"Another engine{where_en} already uses {home}. Use that one, or stop it first.",
    )
