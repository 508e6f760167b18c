"""One thread at a time on a device: a lock with a line, positions, cancelling and re-entry."""

import threading
from collections.abc import Callable
from typing import Protocol

from models.errors import Cancelled
from models.waiting import Waiter, WaitingLine

POLL_SECONDS = 0.05  # how often a waiter looks at its cancel flag


class Ticket(Protocol):
    """Who asks for the device. The methods are called in the asking thread, outside any lock."""

    @property
    def cancel(self) -> threading.Event: ...

    def queued(self, position: int) -> None:
        """Waiting; `position` 0 is next. Called again whenever it changes."""

    def granted(self, queued_seconds: float, load_seconds: float) -> None:
        """The lease begins."""


class Turns:
    """Whose turn it is. The thread that has it may take it again, at once, as often as it likes."""

    def __init__(self, fits: Callable[[Waiter], bool], clock: Callable[[], float]) -> None:
        self._fits = fits  # whether nothing has to go for a waiter
        self._clock = clock
        self._changed = threading.Condition()  # guards all below
        self._line = WaitingLine()
        self._holder: int | None = None
        self._depth = 0
        self._closed = False

    def enter(self, waiter: Waiter, ticket: Ticket | None) -> None:
        """Wait for the turn. Cancelled when the ticket's flag is set or `close` was called."""
        with self._changed:
            if self._holder == threading.get_ident():
                self._depth += 1
                return
            self._line.join(waiter)
        try:
            while not self._try(waiter, ticket):
                if ticket is not None and waiter.position is not None:
                    ticket.queued(waiter.position)
        finally:
            with self._changed:
                self._line.leave(waiter)
                self._changed.notify_all()

    def _try(self, waiter: Waiter, ticket: Ticket | None) -> bool:
        """True: it is this waiter's turn. False: its position changed."""
        with self._changed:
            while True:
                if self._closed or (ticket is not None and ticket.cancel.is_set()):
                    raise Cancelled
                position = self._line.order(self._fits, self._clock()).index(waiter)
                if position == 0 and self._holder is None:
                    self._holder, self._depth = threading.get_ident(), 1
                    return True
                if position != waiter.position:
                    waiter.position = position
                    return False
                self._changed.wait(POLL_SECONDS)

    def leave(self) -> None:
        """Give the turn back; once for every `enter`, from whatever thread."""
        with self._changed:
            self._depth -= 1
            if self._depth == 0:
                self._holder = None
                self._changed.notify_all()

    def waiting(self) -> list[Waiter]:
        """Who waits, in the order of service."""
        with self._changed:
            return self._line.order(self._fits, self._clock())

    def close(self) -> None:
        """Cancel every waiter, now and later, and wait until the turn in progress is over."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._holder is None)
