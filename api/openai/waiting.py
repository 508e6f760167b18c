"""A caller in the device's queue whose work is no run (`models.residency.Ticket`)."""

import threading
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Waiter:
    cancel: threading.Event = field(default_factory=threading.Event)

    def queued(self, position: int) -> None:
        """Nobody is shown a place in the queue."""

    def granted(self, queued_seconds: float, load_seconds: float) -> None:
        """Nobody is shown the times."""
