"""Work in the background: one job at a time, in a thread of its own, stopped and waited for."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from models.errors import DuomoError, EngineUnavailable

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

CLOSE_SECONDS = 10.0
Snapshot = TypeVar("Snapshot", bound="DataclassInstance")


class Background(Generic[Snapshot]):
    """Thread-safe. The job is a frozen dataclass that is replaced whenever it has come further."""

    def __init__(self, name: str, busy: Callable[[], DuomoError]) -> None:
        """`name` of the thread; `busy` makes what is raised while a job runs."""
        self._name, self._busy = name, busy
        self._lock = threading.Lock()
        self._cancel = threading.Event()
        self._job: Snapshot | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def job(self) -> Snapshot | None:
        """The job that runs, or the last one that ran in this process."""
        with self._lock:
            return self._job

    def cancel(self) -> None:
        """Ask the job to stop and wait for it; what it has done stays done."""
        self._cancel.set()
        self.wait(CLOSE_SECONDS)

    def wait(self, timeout: float | None = None) -> None:
        thread = self._thread
        if thread is not None:
            thread.join(timeout)

    def close(self) -> None:
        """Stop, and start nothing any more."""
        with self._lock:
            self._closed = True
        self.cancel()

    def _begin(self, make: Callable[[], Snapshot], run: Callable[[], None]) -> Snapshot:
        """Make the job's first snapshot and run it, unless one runs or this is closed."""
        with self._lock:
            if self._closed:
                raise EngineUnavailable("引擎正在关闭。", "The engine is shutting down.")
            if self._thread is not None and self._thread.is_alive():
                raise self._busy()
            self._job = made = make()
            self._cancel = threading.Event()
            self._thread = threading.Thread(target=run, name=self._name, daemon=True)
            self._thread.start()
            return made

    def _change(self, **changes: Any) -> None:
        with self._lock:
            assert self._job is not None
            self._job = replace(self._job, **changes)
