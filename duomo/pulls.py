"""Pulling in the background: one job at a time, followed by its progress, stopped at once."""

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from duomo.background import Background
from duomo.checkpoints import profile_of, puller_of
from duomo.settings import Settings
from models.errors import (
    Cancelled,
    CheckpointBusy,
    DuomoError,
    InvalidRequest,
)
from models.fetching.progress import PullProgress
from models.fetching.pull import Pulled, Puller
from models.fetching.sources import SourceChoice

log = logging.getLogger(__name__)
PullState = Literal["running", "finished", "failed", "cancelled"]


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


class Pulls(Background[PullJob]):
    """`finished` is called in the job's thread after one that brought something."""

    def __init__(self, settings: Settings, finished: Callable[[], None] = lambda: None) -> None:
        super().__init__("pull", _busy)
        self._settings = settings
        self._finished = finished

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

        def make() -> PullJob:
            progress = PullProgress("asking", wanted[0])
            return PullJob(uuid.uuid4().hex, wanted, "running", progress, time.time())

        return self._begin(make, lambda: self._run(puller, wanted))

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
        self._change(progress=progress)

    def _end(
        self,
        state: PullState,
        *,
        pulled: tuple[Pulled, ...] = (),
        error: DuomoError | None = None,
    ) -> None:
        self._change(state=state, pulled=pulled, error=error, ended=time.time())


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
