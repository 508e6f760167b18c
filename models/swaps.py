"""What came onto a device and what left it, for people."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

KEPT = 100  # the latest
Way = Literal["disk", "host", "evicted", "idle", "relief"]


@dataclass(frozen=True)
class Swap:
    """`way`: loaded from disk or copied up from host memory, taking `seconds`; or gone, because
    another needed the bytes, because nobody used it, or because memory ran out. `at`: seconds of
    the owner's clock."""

    checkpoint: str
    way: Way
    bytes: int
    at: float
    seconds: float = 0.0


class SwapHistory:
    """The latest swaps, oldest first."""

    def __init__(self) -> None:
        self.evictions = 0  # of all time, to make room for another
        self._latest: deque[Swap] = deque(maxlen=KEPT)

    def add(self, swap: Swap) -> None:
        self.evictions += swap.way == "evicted"
        self._latest.append(swap)

    def __iter__(self) -> Iterator[Swap]:
        return iter(tuple(self._latest))
