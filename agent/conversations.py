"""Conversations and their runs, as rows."""

import sqlite3
import time
import uuid
from dataclasses import dataclass
from typing import Literal

from agent.database import Database
from models.errors import NotFound

Source = Literal["person", "program"]
"""Who began a conversation: somebody at the page or terminal, or a program that keeps its own
history and asks through `/v1`. Those of programs are listed only when asked for."""
RunState = Literal["queued", "running", "waiting", "finished", "failed", "cancelled"]
"""`waiting`: for a person, with nothing held but its place in the conversation."""
TITLE_LENGTH = 24  # characters of the first turn that name a conversation
_SELECT = "SELECT * FROM conversations LEFT JOIN branches ON id = branches.conversation_id"


@dataclass(frozen=True)
class Conversation:
    """`created`, `updated`: Unix seconds, UTC. `title` is empty until the first turn. `branch_of`:
    id of the conversation that it was branched off, which may be deleted by now. `source`: who
    asks, a person at the page or a program through the API."""

    id: str
    title: str
    created: float
    updated: float
    branch_of: str | None = None
    source: Source = "person"


@dataclass(frozen=True)
class Run:
    """One turn. `reason`: the Chinese sentence why it failed. Times in Unix seconds, UTC."""

    id: str
    conversation_id: str
    state: RunState
    reason: str | None
    created: float
    ended: float | None


class Conversations:
    """Thread-safe. Every method that takes an id raises `NotFound` for one that is not there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, title: str = "", source: Source = "person") -> Conversation:
        now = time.time()
        conversation = Conversation(uuid.uuid4().hex, title, now, now, source=source)
        with self._database.write() as db:
            db.execute(
                "INSERT INTO conversations (id, title, created, updated, source)"
                " VALUES (?, ?, ?, ?, ?)",
                (conversation.id, title, now, now, source),
            )
        return conversation

    def get(self, conversation_id: str) -> Conversation:
        rows = self._database.read(
            f"{_SELECT} WHERE id = ? AND deleted IS NULL", (conversation_id,)
        )
        if not rows:
            raise NotFound("没有这个对话，它可能已被删除。", "No such conversation.")
        return _conversation(rows[0])

    def list(self, source: Source = "person") -> list[Conversation]:
        """All of `source` that are not deleted, the last used first."""
        rows = self._database.read(
            f"{_SELECT} WHERE deleted IS NULL AND source = ? ORDER BY updated DESC, id",
            (source,),
        )
        return [_conversation(row) for row in rows]

    def rename(self, conversation_id: str, title: str) -> Conversation:
        self.get(conversation_id)
        with self._database.write() as db:
            db.execute("UPDATE conversations SET title = ? WHERE id = ?", (title, conversation_id))
        return self.get(conversation_id)

    def touch(self, conversation_id: str, first_words: str) -> None:
        """A turn began: the conversation moves up, and takes its title when it has none."""
        with self._database.write() as db:
            db.execute(
                "UPDATE conversations SET updated = ?,"
                " title = CASE title WHEN '' THEN ? ELSE title END WHERE id = ?",
                (time.time(), title_from(first_words), conversation_id),
            )

    def delete(self, conversation_id: str) -> None:
        """Drop its words, events and feedback for good; the id stays taken."""
        self.get(conversation_id)
        with self._database.write() as db:
            for table in ("events", "runs", "feedback", "branches"):
                db.execute(
                    f"DELETE FROM {table} WHERE conversation_id = ?",  # noqa: S608
                    (conversation_id,),
                )
            db.execute(
                "UPDATE conversations SET deleted = ?, title = '' WHERE id = ?",
                (time.time(), conversation_id),
            )


class RunTable:
    """The runs of all conversations. Their end is written by `EventLog.end`, with its event."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, conversation_id: str) -> Run:
        run = Run(uuid.uuid4().hex, conversation_id, "queued", None, time.time(), None)
        with self._database.write() as db:
            db.execute(
                "INSERT INTO runs (id, conversation_id, state, created) VALUES (?, ?, ?, ?)",
                (run.id, conversation_id, run.state, run.created),
            )
        return run

    def get(self, run_id: str) -> Run:
        rows = self._database.read("SELECT * FROM runs WHERE id = ?", (run_id,))
        if not rows:
            raise NotFound("没有这次运行。", "No such run.")
        return _run(rows[0])

    def exists(self, run_id: str) -> bool:
        return bool(self._database.read("SELECT 1 FROM runs WHERE id = ?", (run_id,)))

    def unfinished(self, conversation_id: str | None = None) -> list[Run]:
        """Queued, running or waiting, oldest first."""
        rows = self._database.read(
            "SELECT * FROM runs WHERE state IN ('queued', 'running', 'waiting')"
            " AND conversation_id = coalesce(?, conversation_id) ORDER BY created",
            (conversation_id,),
        )
        return [_run(row) for row in rows]

    def set_running(self, run_id: str) -> None:
        with self._database.write() as db:
            db.execute(
                "UPDATE runs SET state = 'running' WHERE id = ? AND state = 'queued'", (run_id,)
            )


def title_from(words: str) -> str:
    """The first words of a turn, on one line, as a title."""
    line = " ".join(words.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1] + "…"


def _conversation(row: sqlite3.Row) -> Conversation:
    columns = ("id", "title", "created", "updated", "origin_id", "source")
    return Conversation(*(row[column] for column in columns))


def _run(row: sqlite3.Row) -> Run:
    return Run(
        row["id"],
        row["conversation_id"],
        row["state"],
        row["reason"],
        row["created"],
        row["ended"],
    )
