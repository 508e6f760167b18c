"""How far a pull is: counted where bytes arrive, told a few times a second."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Stage = Literal["asking", "checking", "fetching", "finishing"]
TOLD_SECONDS = 0.1
WINDOW_SECONDS = 8.0
"""The rate is that of so long: steady enough to read, quick enough to be true."""


@dataclass(frozen=True)
class PullProgress:
    """A snapshot. `rate` in bytes a second; both it and `eta_seconds` are None while unknown."""

    stage: Stage
    checkpoint: str = ""
    source: str = ""
    files_done: int = 0
    files_total: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    rate: float | None = None
    eta_seconds: float | None = None


OnProgress = Callable[[PullProgress], None]


def ignore(_: PullProgress) -> None: ...


@dataclass
class Tally:
    """What belongs to one checkpoint of a pull, and how much of it is here."""

    meter: "Meter"
    files_total: int = 0
    files_done: int = 0
    bytes_total: int = 0
    bytes_done: int = 0

    def arrived(self, count: int) -> None:
        """Bytes from the network."""
        self.meter.clocked(count)
        self.have(count)

    def have(self, count: int) -> None:
        """Bytes that were here already; negative for bytes that had to be thrown away."""
        self.bytes_done += count
        self.meter.say()

    def finished(self) -> None:
        """One file more is whole."""
        self.files_done += 1
        self.meter.say()


class Meter:
    """Belongs to one pull and one thread."""

    def __init__(
        self, tell: OnProgress = ignore, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell = tell
        self._clock = clock
        self._told = float("-inf")
        self._arrived: deque[tuple[float, int]] = deque()
        self._tallies: dict[str, Tally] = {}
        self._stage: Stage = "asking"
        self._checkpoint = self._source = ""

    def enter(self, stage: Stage, *, checkpoint: str, source: str = "") -> None:
        self._stage, self._checkpoint = stage, checkpoint
        self._source = source or self._source
        self._told = float("-inf")
        self.say()

    def tally(self, checkpoint: str) -> Tally:
        """A fresh count for `checkpoint`, in place of the one it may have had."""
        self._tallies[checkpoint] = Tally(self)
        return self._tallies[checkpoint]

    def clocked(self, count: int) -> None:
        self._arrived.append((self._clock(), count))

    def say(self) -> None:
        """Tell how far it is, unless that was told just now."""
        if self._clock() - self._told >= TOLD_SECONDS:
            self._told = self._clock()
            self._tell(self.snapshot())

    def snapshot(self) -> PullProgress:
        tallies = self._tallies.values()
        done, total = (sum(t.bytes_done for t in tallies), sum(t.bytes_total for t in tallies))
        rate = self._rate()
        return PullProgress(
            stage=self._stage,
            checkpoint=self._checkpoint,
            source=self._source,
            files_done=sum(t.files_done for t in tallies),
            files_total=sum(t.files_total for t in tallies),
            bytes_done=done,
            bytes_total=total,
            rate=rate,
            eta_seconds=max(total - done, 0) / rate if rate else None,
        )

    def _rate(self) -> float | None:
        now = self._clock()
        while self._arrived and now - self._arrived[0][0] > WINDOW_SECONDS:
            self._arrived.popleft()
        if not self._arrived:
            return None
        span = now - self._arrived[0][0]
        return sum(count for _, count in self._arrived) / span if span > TOLD_SECONDS else None
