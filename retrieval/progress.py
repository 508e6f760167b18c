"""How far, how fast, how long still."""

import math
import time
from collections import Counter
from pathlib import Path

from retrieval.records import IndexProgress, ShowProgress

_SMOOTHING_SECONDS = 15.0
_SHOW_EVERY_SECONDS = 0.1


class Rate:
    """Pictures a second, the last 15 seconds weighing most (decayed count over decayed time)."""

    def __init__(self) -> None:
        self._count = 0.0
        self._seconds = 0.0

    def add(self, count: int, seconds: float) -> None:
        kept = math.exp(-seconds / _SMOOTHING_SECONDS)
        self._count = self._count * kept + count
        self._seconds = self._seconds * kept + seconds

    @property
    def per_second(self) -> float:
        return self._count / self._seconds if self._seconds > 0 else 0.0


class Meter:
    """Counts a run and shows it, at most ten times a second."""

    def __init__(self, show: ShowProgress) -> None:
        self._show = show
        self._shown = 0.0
        self._worked = time.monotonic()
        self._rate = Rate()
        self.counts: Counter[str] = Counter()
        self.current: Path | None = None

    def count(self, what: str, number: int = 1) -> None:
        """`what`: found, indexed, embedded, skipped, unreadable, vanished."""
        self.counts[what] += number
        self._maybe_show()

    def start(self) -> None:
        """The first picture is about to be read; scanning does not count as work."""
        self._worked = time.monotonic()

    def worked(self, pictures: int) -> None:
        now = time.monotonic()
        self._rate.add(pictures, now - self._worked)
        self._worked = now

    def progress(self) -> IndexProgress:
        counts, rate = self.counts, self._rate.per_second
        settled = ("indexed", "skipped", "unreadable", "vanished")
        done = sum(counts[name] for name in settled)
        return IndexProgress(
            found=counts["found"],
            done=done,
            indexed=counts["indexed"],
            skipped=counts["skipped"],
            unreadable=counts["unreadable"],
            rate=rate,
            eta_seconds=(counts["found"] - done) / rate if rate > 0 else None,
            current=self.current,
        )

    def show(self) -> None:
        self._shown = time.monotonic()
        self._show(self.progress())

    def _maybe_show(self) -> None:
        if time.monotonic() - self._shown >= _SHOW_EVERY_SECONDS:
            self.show()
