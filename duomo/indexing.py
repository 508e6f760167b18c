"""Indexing in the background: one job at a time, cancellable, taken up again after a crash."""

import json
import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from duomo.background import Background
from models.errors import Cancelled, DuomoError, InvalidRequest, LibraryBusy
from retrieval.library import IndexProgress

if TYPE_CHECKING:
    from retrieval.library import Library

log = logging.getLogger(__name__)
JobState = Literal["queued", "running", "finished", "failed", "cancelled"]


@dataclass(frozen=True)
class Job:
    """A snapshot. Times in Unix seconds, UTC."""

    id: str
    folders: tuple[Path, ...]
    state: JobState
    progress: IndexProgress
    started: float
    ended: float | None = None
    error: DuomoError | None = None


class Indexing(Background[Job]):
    """`unfinished` is the file that remembers a job until it ends."""

    def __init__(self, library: "Callable[[], Library]", unfinished: Path) -> None:
        super().__init__("indexing", _busy)
        self._library = library
        self._unfinished = unfinished
        self._unasked: str | None = None

    def start(self, folders: Sequence[Path]) -> Job:
        """Begin to index `folders`, absolute paths of directories.

        Raises InvalidRequest for another kind of path, LibraryBusy while a job runs that somebody
        asked for.
        """
        checked = tuple(_directory(folder) for folder in folders)
        self.give_way()
        job = self._start(checked)
        self._unasked = None
        return job

    def refresh(self, folders: Sequence[Path]) -> Job:
        """The same, but nobody asked for it: it stops for the next one who does."""
        job = self._start(tuple(_directory(folder) for folder in folders))
        self._unasked = job.id
        return job

    def give_way(self) -> None:
        """Stop a job that nobody asked for; what it has done stays."""
        job = self.job()
        if job is not None and job.id == self._unasked and job.state in {"queued", "running"}:
            self.cancel()

    def _start(self, checked: tuple[Path, ...]) -> Job:

        def make() -> Job:
            self._remember(checked)
            return Job(uuid.uuid4().hex, checked, "running", _nothing_yet(), time.time())

        return self._begin(make, self._run)

    def resume(self) -> Job | None:
        """Take up what a dead process left unfinished; folders that are gone are dropped."""
        folders = [folder for folder in self._remembered() if folder.is_dir()]
        return self.start(folders) if folders else None

    def _run(self) -> None:
        assert self._job is not None
        state: JobState = "finished"
        error = None
        try:
            self._library().index(self._job.folders, progress=self._report, cancel=self._cancel)
            state = "cancelled" if self._cancel.is_set() else "finished"
        except Cancelled:
            state = "cancelled"
        except DuomoError as failure:
            log.error("indexing failed: %s", failure)
            state, error = "failed", failure
        except Exception:  # the end of a thread: whatever it was, the job has to end and say so
            log.exception("indexing failed")
            state, error = "failed", _unexpected()
        self._end(state, error)

    def _report(self, progress: IndexProgress) -> None:
        self._change(progress=progress)

    def _end(self, state: JobState, error: DuomoError | None) -> None:
        self._change(state=state, error=error, ended=time.time())
        if not self._closed:  # else it is taken up again at the next start
            self._unfinished.unlink(missing_ok=True)

    def _remember(self, folders: Sequence[Path]) -> None:
        self._unfinished.write_text(json.dumps([str(folder) for folder in folders]))

    def _remembered(self) -> list[Path]:
        try:
            return [Path(folder) for folder in json.loads(self._unfinished.read_text())]
        except (OSError, ValueError, TypeError):
            return []


def _directory(folder: Path) -> Path:
    folder = folder.expanduser()
    if not folder.is_absolute() or not folder.is_dir():
        raise InvalidRequest(
            f"{folder} 不是这台电脑上的文件夹。请给出完整路径。",
            f"{folder} is not a folder of this machine. Give its full path.",
        )
    return folder


def _nothing_yet() -> IndexProgress:
    return IndexProgress(
        found=0,
        done=0,
        indexed=0,
        skipped=0,
        unreadable=0,
        rate=0.0,
        eta_seconds=None,
        current=None,
    )


def _busy() -> LibraryBusy:
    return LibraryBusy(
        "已经在索引图片了。请等它结束，或先停止。",
        "Pictures are being indexed already. Wait for the end, or stop it first.",
    )


def _unexpected() -> DuomoError:
    return DuomoError(
        "索引时出了意外的问题。详情在引擎日志里；可以再试一次，已索引的不会丢。",
        "Indexing failed unexpectedly. See the engine's log; try again, nothing indexed is lost.",
    )
