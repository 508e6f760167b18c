"""Time to live: from time to time, let go what nobody has used for long."""

import threading
from collections.abc import Callable

_LOOKS = 4  # within the time to live
_LONGEST_PAUSE = 30.0  # seconds


class IdleWatch:
    """Calls `drop(seconds)` every now and then on a thread of its own, until closed."""

    def __init__(self, seconds: float | None, drop: Callable[[float], None]) -> None:
        """`seconds` None: never."""
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        if seconds is not None:
            self._thread = threading.Thread(
                target=self._watch, args=(seconds, drop), name="idle-watch", daemon=True
            )
            self._thread.start()

    def close(self) -> None:
        """Stop, and wait for a drop in progress."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self, seconds: float, drop: Callable[[float], None]) -> None:
        while not self._closed.wait(min(seconds / _LOOKS, _LONGEST_PAUSE)):
            drop(seconds)
