"""Pulling in the background: one job at a time, followed by its progress, stopped at once."""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from duomo.checkpoints import profile_of, puller_of
from duomo.settings import Settings
from models.errors import (
    Cancelled,
    CheckpointBusy,
    DuomoError,
    EngineUnavailable,
    InvalidRequest,
)
from models.fetching.progress import PullProgress
from models.fetching.pull import Pulled, Puller
from models.fetching.sources import SourceChoice

log = logging.getLogger(__name__)
PullState = Literal["running", "finished", "failed", "cancelled"]
CLOSE_SECONDS = 10.0


@dataclass(frozen=True)
class PullJob:
    """A snapshot. Times in Unix seconds, UTC. `pulled`: what was not here and is now."""

    id: str
    names: tuple[str, ...]
    state: PullState
    progress: PullProgress
    started: float
    pulled: tuple[Pulled, ...] = ()
    ended: float | None = None
    error: DuomoError | None = None


class Pulls:
    """Thread-safe. `finished` is called in the job's thread after one that brought something."""

    def __init__(self, settings: Settings, finished: Callable[[], None] = lambda: None) -> None:
        self._settings = settings
        self._finished = finished
        self._lock = threading.Lock()
        self._cancel = threading.Event()
        self._job: PullJob | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def job(self) -> PullJob | None:
        """The job that runs, or the last one that ran in this process."""
        with self._lock:
            return self._job

    def start(
        self,
        names: Sequence[str] = (),
        profile: str | None = None,
        source: SourceChoice | None = None,
    ) -> PullJob:
        """Begin to fetch checkpoints, and those that a profile names.

        Raises NotFound, InvalidRequest, CatalogError, and CheckpointBusy while a job runs.
        """
        puller = puller_of(self._settings, source)
        wanted = self._wanted(puller, names, profile)
        with self._lock:
            if self._closed:
                raise EngineUnavailable("引擎正在关闭。", "The engine is shutting down.")
            if self._thread is not None and self._thread.is_alive():
                raise _busy()
            self._cancel = threading.Event()
            progress = PullProgress("asking", wanted[0])
            self._job = PullJob(uuid.uuid4().hex, wanted, "running", progress, time.time())
            self._thread = threading.Thread(
                target=self._run, args=(puller, wanted), name="pull", daemon=True
            )
            self._thread.start()
            return self._job

    def cancel(self) -> None:
        """Stop the job and wait for that; what came is kept."""
        self._cancel.set()
        self.wait(CLOSE_SECONDS)

    def wait(self, timeout: float | None = None) -> None:
        thread = self._thread
        if thread is not None:
            thread.join(timeout)

    def close(self) -> None:
        with self._lock:
            self._closed = True
        self.cancel()

    def _wanted(self, puller: Puller, names: Sequence[str], profile: str | None) -> tuple[str, ...]:
        roles = {} if profile is None else profile_of(self._settings, profile).roles
        wanted = tuple(dict.fromkeys((*names, *roles.values())))
        if not wanted:
            raise InvalidRequest(
                "请写明要下载哪些模型，或用 --profile 指定一个配置。",
                "Name the checkpoints to pull, or a profile with --profile.",
            )
        for name in wanted:
            puller.catalog.get(name)
        return wanted

    def _run(self, puller: Puller, wanted: tuple[str, ...]) -> None:
        try:
            pulled = puller.pull(wanted, self._report, self._cancel)
        except Cancelled:
            self._end("cancelled")
        except DuomoError as error:
            log.info("pulling failed: %s", error)
            self._end("failed", error=error)
        except Exception:  # the end of a thread: whatever it was, the job has to end and say so
            log.exception("pulling failed")
            self._end("failed", error=_unexpected())
        else:
            if pulled:
                self._finished()
            self._end("finished", pulled=pulled)

    def _report(self, progress: PullProgress) -> None:
        with self._lock:
            assert self._job is not None
            self._job = replace(self._job, progress=progress)

    def _end(
        self,
        state: PullState,
        *,
        pulled: tuple[Pulled, ...] = (),
        error: DuomoError | None = None,
    ) -> None:
        with self._lock:
            assert self._job is not None
            self._job = replace(
                self._job, state=state, pulled=pulled, error=error, ended=time.time()
            )


def _busy() -> CheckpointBusy:
    return CheckpointBusy(
        "已经在下载模型了。请等它结束，或先停止。",
        "Checkpoints are being pulled already. Wait for the end, or stop it first.",
    )


def _unexpected() -> DuomoError:
    return DuomoError(
        "下载时出了意外的问题。详情在日志里；可以再试一次，已下载的不会丢。",
        "Pulling failed unexpectedly. See the log; try again, nothing that came is lost.",
    )
