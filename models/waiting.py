"""Who gets the device next.

First come, first served, with one exception: a waiter whose checkpoint is resident, or fits beside
what is, goes before one that would push another checkpoint out, so that waiters for the same one go
together. Nobody is passed for ever: who has waited longer than `PATIENCE_SECONDS` is served in
order of arrival. A patient waiter gives way to all others, however long it has waited.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

PATIENCE_SECONDS = 10.0


@dataclass(eq=False)
class Waiter:
    """One request for the device. `arrived` is in seconds of the owner's clock; `bytes` to load;
    `patient`: no work of a person waits behind it."""

    role: str
    checkpoint: str
    arrived: float
    bytes: int = 0
    position: int | None = None
    patient: bool = False


@dataclass
class WaitingLine:
    """The waiters, in order of arrival."""

    waiters: list[Waiter] = field(default_factory=list)

    def join(self, waiter: Waiter) -> None:
        self.waiters.append(waiter)

    def leave(self, waiter: Waiter) -> None:
        self.waiters.remove(waiter)

    def order(self, fits: Callable[[Waiter], bool], now: float) -> list[Waiter]:
        """The waiters as they would be served at `now`; `fits`: nothing has to go for this one."""
        first_of_group: dict[str, int] = {}
        for number, waiter in enumerate(self.waiters):
            first_of_group.setdefault(waiter.checkpoint, number)

        def rank(numbered: tuple[int, Waiter]) -> tuple[int, int, int]:
            number, waiter = numbered
            if waiter.patient:
                return (3, 0, number)
            if now - waiter.arrived > PATIENCE_SECONDS:
                return (0, 0, number)
            if fits(waiter):
                return (1, 0, number)
            return (2, first_of_group[waiter.checkpoint], number)

        return [waiter for _, waiter in sorted(enumerate(self.waiters), key=rank)]
