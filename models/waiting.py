"""Who gets the device next.

First come, first served, with one exception: a waiter whose checkpoint is resident goes before one
whose checkpoint has to be loaded, so that waiters for the same checkpoint go together. Nobody is
passed for ever: who has waited longer than `PATIENCE_SECONDS` is served in order of arrival.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

PATIENCE_SECONDS = 10.0


@dataclass(eq=False)
class Waiter:
    """One request for the device. `arrived` is in seconds of the owner's clock."""

    role: str
    checkpoint: str
    arrived: float
    position: int | None = None


@dataclass
class WaitingLine:
    """The waiters, in order of arrival."""

    waiters: list[Waiter] = field(default_factory=list)

    def join(self, waiter: Waiter) -> None:
        self.waiters.append(waiter)

    def leave(self, waiter: Waiter) -> None:
        self.waiters.remove(waiter)

    def order(self, resident: Collection[str], now: float) -> list[Waiter]:
        """The waiters in the order in which they would be served at `now`."""
        first_of_group: dict[str, int] = {}
        for number, waiter in enumerate(self.waiters):
            first_of_group.setdefault(waiter.checkpoint, number)

        def rank(numbered: tuple[int, Waiter]) -> tuple[int, int, int]:
            number, waiter = numbered
            if now - waiter.arrived > PATIENCE_SECONDS:
                return (0, 0, number)
            if waiter.checkpoint in resident:
                return (1, 0, number)
            return (2, first_of_group[waiter.checkpoint], number)

        return [waiter for _, waiter in sorted(enumerate(self.waiters), key=rank)]
