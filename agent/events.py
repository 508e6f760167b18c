"""The event log: AG-UI 1.0 events in SQLite, committed before anybody sees them.

`seq` counts over all conversations and is never reused, so one number tells a reader where to go
on, whatever it follows. Readers in this process wake at once; a commit of another process is
seen at the next poll.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from ag_ui.core import BaseEvent, EventType

from agent.conversations import Conversation, Conversations, Run, RunTable
from agent.database import Database
from agent.feedback import Feedback, FeedbackTable
from agent.feedback import insert as insert_feedback

POLL_SECONDS = 1.0
TERMINAL = frozenset({EventType.RUN_FINISHED.value, EventType.RUN_ERROR.value})


RestoredRun = tuple[Run, Sequence[tuple[float, str]]]
"""A run with its events: when each was created, and its JSON."""


@dataclass(frozen=True)
class StoredEvent:
    """`json` is the event as it goes over the wire (camelCase); `created` in Unix seconds, UTC."""

    seq: int
    conversation_id: str
    run_id: str
    created: float
    json: str

    @cached_property
    def event(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.json)
        return parsed

    @property
    def ends_run(self) -> bool:
        return self.event["type"] in TERMINAL


class EventLog:
    """Thread-safe. Also holds the tables of conversations, runs and feedback, in the same file."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path)
        self.conversations = Conversations(self._database)
        self.runs = RunTable(self._database)
        self.feedback = FeedbackTable(self._database)
        self._changed = threading.Condition()
        self._commits = 0
        self._closed = False
        self._subscribers: list[Callable[[StoredEvent], None]] = []

    def append(self, conversation_id: str, run_id: str, event: BaseEvent) -> int:
        """Commit one event, then wake the followers. Its sequence number. Raises `DiskFull`."""
        with self._database.write() as db:
            stored = _insert(db, conversation_id, run_id, event)
        self._announce([stored])
        return stored.seq

    def tell(self, run_id: str, event: BaseEvent) -> None:
        """Commit `event` of a run that another thread may end meanwhile; nothing follows its end.
        Raises `DiskFull`."""
        open_run = "SELECT conversation_id FROM runs WHERE id = ? AND ended IS NULL"
        self._tell_if(run_id, open_run, (run_id,), [event])

    def end(
        self,
        run_id: str,
        state: Literal["finished", "failed", "cancelled"],
        events: Sequence[BaseEvent],
        reason: str | None = None,
    ) -> bool:
        """Close a run in one transaction: its last `events` (the last one terminal) and its row.

        False, and nothing written, when it had ended before: a run ends exactly once.
        """
        closed = (
            "UPDATE runs SET state = ?, reason = ?, ended = ?"
            " WHERE id = ? AND state IN ('queued', 'running', 'waiting')"
            " RETURNING conversation_id"
        )
        return self._tell_if(run_id, closed, (state, reason, time.time(), run_id), events)

    def move(
        self, run_id: str, state: Literal["queued", "waiting"], events: Sequence[BaseEvent]
    ) -> None:
        """Give a run that has not ended another state, in one transaction with what says so."""
        moved = "UPDATE runs SET state = ? WHERE id = ? AND ended IS NULL RETURNING conversation_id"
        self._tell_if(run_id, moved, (state, run_id), events)

    def _tell_if(
        self, run_id: str, query: str, values: Sequence[object], events: Sequence[BaseEvent]
    ) -> bool:
        """Commit `events` with `query`, which gives the run's conversation; neither without it."""
        stored = []
        with self._database.write() as db:
            row = db.execute(query, values).fetchone()
            if row is not None:
                stored = [_insert(db, row["conversation_id"], run_id, event) for event in events]
        self._announce(stored)
        return row is not None

    def restore(
        self,
        conversation: Conversation,
        runs: Sequence[RestoredRun],
        feedback: Sequence[Feedback] = (),
    ) -> None:
        """Add a whole conversation with its ended runs in one transaction. Raises `DiskFull`."""
        with self._database.write() as db:
            db.execute(
                "INSERT INTO conversations (id, title, created, updated) VALUES (?, ?, ?, ?)",
                (conversation.id, conversation.title, conversation.created, conversation.updated),
            )
            if conversation.branch_of is not None:
                db.execute(
                    "INSERT INTO branches (conversation_id, origin_id) VALUES (?, ?)",
                    (conversation.id, conversation.branch_of),
                )
            insert_feedback(db, conversation.id, feedback)
            for run, events in runs:
                db.execute(
                    "INSERT INTO runs (id, conversation_id, state, reason, created, ended)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (run.id, conversation.id, run.state, run.reason, run.created, run.ended),
                )
                db.executemany(
                    "INSERT INTO events (conversation_id, run_id, created, event)"
                    " VALUES (?, ?, ?, ?)",
                    [(conversation.id, run.id, created, text) for created, text in events],
                )

    def replay(
        self,
        *,
        run_id: str | None = None,
        conversation_id: str | None = None,
        after: int = 0,
    ) -> list[StoredEvent]:
        """What was committed after `after`, of one run or one conversation, in order."""
        if (run_id is None) == (conversation_id is None):
            raise ValueError("replay one run or one conversation")
        column = "run_id" if run_id is not None else "conversation_id"
        rows = self._database.read(
            f"SELECT * FROM events WHERE {column} = ? AND seq > ? ORDER BY seq",  # noqa: S608
            (run_id if run_id is not None else conversation_id, after),
        )
        return [StoredEvent(*row) for row in rows]

    def follow(
        self, run_id: str, after: int = 0, stop: threading.Event | None = None
    ) -> Iterator[StoredEvent]:
        """The events of a run as they are committed; ends after its terminal event.

        Blocks between events. Also ends when `stop` is set (seen within `POLL_SECONDS`), when the
        run is deleted and when the log is closed.
        """
        for batch in self._batches(lambda seq: self.replay(run_id=run_id, after=seq), after, stop):
            for stored in batch:
                yield stored
                if stored.ends_run:
                    return
            if not batch and not self.runs.exists(run_id):
                return

    def follow_conversation(
        self, conversation_id: str, after: int = 0, stop: threading.Event | None = None
    ) -> Iterator[StoredEvent]:
        """The events of all runs of a conversation, without an end of its own (see `follow`)."""
        read = lambda seq: self.replay(conversation_id=conversation_id, after=seq)  # noqa: E731
        for batch in self._batches(read, after, stop):
            yield from batch

    def subscribe(self, callback: Callable[[StoredEvent], None]) -> Callable[[], None]:
        """Call `callback` for every event committed here, on the thread that wrote it: be quick,
        and do not raise. Returns the function that ends the subscription."""
        with self._changed:
            self._subscribers.append(callback)

        def unsubscribe() -> None:
            with self._changed:
                if callback in self._subscribers:
                    self._subscribers.remove(callback)

        return unsubscribe

    def close(self) -> None:
        """End all followers and close the file."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._database.close()

    def _batches(
        self,
        read: Callable[[int], list[StoredEvent]],
        after: int,
        stop: threading.Event | None,
    ) -> Iterator[list[StoredEvent]]:
        while not self._closed and not (stop is not None and stop.is_set()):
            seen = self._commits  # before the read: a commit during it ends the wait at once
            try:
                batch = read(after)
            except sqlite3.ProgrammingError:
                return  # closed since the check above
            yield batch
            if batch:
                after = batch[-1].seq
            else:
                self._wait(seen)

    def _wait(self, seen: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._commits != seen or self._closed, POLL_SECONDS)

    def _announce(self, stored: Sequence[StoredEvent]) -> None:
        with self._changed:
            self._commits += 1
            self._changed.notify_all()
            subscribers = list(self._subscribers)
        for event in stored:
            for callback in subscribers:
                callback(event)


def _insert(
    db: sqlite3.Connection, conversation_id: str, run_id: str, event: BaseEvent
) -> StoredEvent:
    created = time.time()
    event.timestamp = event.timestamp or int(created * 1000)
    text = event.model_dump_json(by_alias=True)
    cursor = db.execute(
        "INSERT INTO events (conversation_id, run_id, created, event) VALUES (?, ?, ?, ?)",
        (conversation_id, run_id, created, text),
    )
    assert cursor.lastrowid is not None
    return StoredEvent(cursor.lastrowid, conversation_id, run_id, created, text)
