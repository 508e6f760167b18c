"""Which checkpoints to drop when another needs their bytes.

The worth of keeping a resident is (seconds to load it again) x (chance that it is used again) per
byte; the chance is read from its past uses, each fading with a half-life. Leased residents are
never dropped. One that came in a moment ago is dropped only when nothing older frees enough, which
keeps two checkpoints from throwing each other out in turn.
"""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from models.masters import HostMaster

HALF_LIFE_SECONDS = 300.0
LEAST_RESIDENCE_SECONDS = 5.0


@dataclass(eq=False)
class Resident:
    """A loaded checkpoint. Times are seconds of the owner's clock; `bytes` is all that it holds,
    beside which `reserved` are kept free for the call that leases it. `views` are the roles that
    its weights serve, by checkpoint; `model` is the one that it was loaded for."""

    unit: str
    checkpoint: str
    role: str
    model: Any
    bytes: int
    master: HostMaster | None = None
    load_seconds: float = 0.0
    loaded_at: float = 0.0
    leases: int = 0
    reserved: int = 0
    last_release: float = 0.0
    views: dict[str, Any] = field(default_factory=dict)
    _warmth: float = field(default=0.0, init=False, repr=False)

    @property
    def shared_with(self) -> tuple[str, ...]:
        """The other checkpoints that its weights serve, by name."""
        return tuple(sorted(set(self.views) - {self.checkpoint}))

    def arrived(self, now: float, seconds: float) -> None:
        """It came onto the device at `now`, which took `seconds`."""
        self.load_seconds, self.loaded_at, self.last_release = seconds, now, now

    @contextmanager
    def leasing(self) -> Iterator[None]:
        """Counts as leased meanwhile."""
        self.leases += 1
        try:
            yield
        finally:
            self.leases -= 1

    def used(self, now: float) -> None:
        """Count one use at `now`."""
        self._warmth = self.warmth(now) + 1.0
        self.last_release = now

    def warmth(self, now: float) -> float:
        """Uses so far, each halved every HALF_LIFE_SECONDS since."""
        return self._warmth * math.pow(0.5, (now - self.last_release) / HALF_LIFE_SECONDS)

    def worth(self, now: float) -> float:
        """Seconds saved per byte by keeping it."""
        return self.load_seconds * self.warmth(now) / max(self.bytes, 1)


def choose_victims(residents: Iterable[Resident], excess: int, now: float) -> list[Resident] | None:
    """The residents to drop so that `excess` bytes come free; None when that cannot be done."""
    unleased = [resident for resident in residents if not resident.leases]
    young = {r for r in unleased if now - r.loaded_at < LEAST_RESIDENCE_SECONDS}
    chosen: list[Resident] = []
    for resident in sorted(unleased, key=lambda r: (r in young, r.worth(now))):
        if excess <= 0:
            break
        chosen.append(resident)
        excess -= resident.bytes
    return None if excess > 0 else _spare(chosen, -excess, now)


def _spare(chosen: list[Resident], surplus: int, now: float) -> list[Resident]:
    """Take back, most worth first, whoever is not needed after all."""
    kept = list(chosen)
    for resident in sorted(chosen, key=lambda r: r.worth(now), reverse=True):
        if resident.bytes <= surplus:
            kept.remove(resident)
            surplus -= resident.bytes
    return kept
