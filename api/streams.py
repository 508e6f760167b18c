"""Server-sent events from the event log (WHATWG HTML, server-sent events).

Each event carries its sequence number as `id`, so that a reader goes on with `Last-Event-ID`. Open
streams cost no threads: the log wakes them through the event loop, a comment keeps idle ones alive.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from api.run_schemas import StoredEventView
from api.wire import HEARTBEAT_SECONDS
from models.errors import NotFound

if TYPE_CHECKING:
    from agent.events import EventLog, StoredEvent

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_RETRY = b"retry: 500\n\n"
HEARTBEAT = b": still here\n\n"

Read = Callable[[int], "Sequence[StoredEvent] | None"]
Encode = Callable[["StoredEvent"], str]


class Wakeups:
    """Wakes the open streams of an event loop when the log commits, and ends them at the end."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: set[tuple[str, asyncio.Event]] = set()
        self.stopping = False

    def attach(self, log: "EventLog") -> Callable[[], None]:
        """From now on, commits of `log` wake. Returns what ends that."""
        return log.subscribe(self._committed)

    def stop(self) -> None:
        """End every stream, now and later. Call in the event loop."""
        self.stopping = True
        for _, pulse in self._waiting:
            pulse.set()

    @contextmanager
    def waiting_for(self, key: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever something is committed for a run or conversation id."""
        entry = (key, asyncio.Event())
        self._waiting.add(entry)
        try:
            yield entry[1]
        finally:
            self._waiting.discard(entry)

    def _committed(self, stored: "StoredEvent") -> None:
        keys = {stored.run_id, stored.conversation_id}
        with suppress(RuntimeError):  # the loop has closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._wake, keys)

    def _wake(self, keys: set[str]) -> None:
        for key, pulse in self._waiting:
            if key in keys:
                pulse.set()


async def follow(
    wakeups: Wakeups, key: str, read: Read, encode: Encode, after: int
) -> AsyncIterator[bytes]:
    """The bytes of a stream past `after`, until `read` (which may block) gives None."""
    yield _RETRY
    async for batch in batches(wakeups, key, read, after):
        yield "".join(map(encode, batch)).encode() if batch else HEARTBEAT


async def batches(
    wakeups: Wakeups, key: str, read: Read, after: int = 0
) -> "AsyncIterator[Sequence[StoredEvent]]":
    """What is committed past `after`, until `read` gives None or the engine stops; nothing, now and
    then, while nothing is."""
    with wakeups.waiting_for(key) as pulse:
        while not wakeups.stopping:
            pulse.clear()
            batch = await run_in_threadpool(read, after)
            if batch is None:
                return
            if batch:
                after = batch[-1].seq
                yield batch
            elif not await _woken(pulse):
                yield ()


def of_run(log: "EventLog", run_id: str) -> Read:
    """Reads one run; None once everything to its terminal event was read, or it was deleted."""

    def read(after: int) -> "Sequence[StoredEvent] | None":
        try:
            # The state first: what ends the run is committed together with its last event.
            ended = log.runs.get(run_id).ended is not None
        except NotFound:
            return None
        batch = log.replay(run_id=run_id, after=after)
        return None if ended and not batch else batch

    return read


def of_conversation(log: "EventLog", conversation_id: str) -> Read:
    """Reads all runs of a conversation; never ends by itself."""
    return lambda after: log.replay(conversation_id=conversation_id, after=after)


def bare(stored: "StoredEvent") -> str:
    """The AG-UI event itself, as every AG-UI client reads it."""
    return f"id: {stored.seq}\ndata: {stored.json}\n\n"


def enveloped(stored: "StoredEvent") -> str:
    """The event with its run: a conversation's stream carries several."""
    return f"id: {stored.seq}\ndata: {stored_view(stored).model_dump_json(by_alias=True)}\n\n"


def stored_view(stored: "StoredEvent") -> StoredEventView:
    return StoredEventView(
        seq=stored.seq, run_id=stored.run_id, created=stored.created, event=stored.event
    )


async def _woken(pulse: asyncio.Event) -> bool:
    try:
        await asyncio.wait_for(pulse.wait(), HEARTBEAT_SECONDS)
    except TimeoutError:
        return False
    return True
