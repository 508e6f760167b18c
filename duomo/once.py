"""A value that is made when it is first needed, by whichever thread needs it first."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Call it for the value. A `make` that raises is tried again by the next call."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.RLock()
        self._made: list[T] = []

    def __call__(self) -> T:
        with self._lock:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]

    def close(self, end: Callable[[T], object]) -> None:
        """`end` the value if it was made."""
        with self._lock:
            for value in self._made:
                end(value)
