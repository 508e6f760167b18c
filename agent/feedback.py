"""What a person thinks of an answer: up or down, with a note.

A table of its own, not events: the log keeps everything for ever, and an opinion that is taken back
is to be gone.
"""

import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from agent.database import Database
from models.errors import InvalidRequest, NotFound

Verdict = Literal["up", "down"]
MAX_NOTE = 1000
"""Longest note, in characters."""


@dataclass(frozen=True)
class Feedback:
    """`note` may be empty; `updated` in Unix seconds, UTC."""

    run_id: str
    verdict: Verdict
    note: str
    updated: float


class FeedbackTable:
    """Thread-safe. One opinion a run: of one person, on one machine."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, conversation_id: str) -> list[Feedback]:
        rows = self._database.read(
            "SELECT run_id, verdict, note, updated FROM feedback WHERE conversation_id = ?"
            " ORDER BY updated, run_id",
            (conversation_id,),
        )
        return [Feedback(**row) for row in rows]

    def give(self, run_id: str, verdict: Verdict, note: str = "") -> Feedback:
        """Instead of what was said before. `NotFound` (no such run), `InvalidRequest` (it has not
        ended, or the note is too long)."""
        _check_note(note)
        feedback = Feedback(run_id, verdict, note.strip(), time.time())
        with self._database.write() as db:
            run = db.execute(
                "SELECT conversation_id, ended FROM runs WHERE id = ?", (run_id,)
            ).fetchone()
            _check_ended(run)
            insert(db, run["conversation_id"], [feedback])
        return feedback

    def take_back(self, run_id: str) -> None:
        """Nothing happens where none was given."""
        with self._database.write() as db:
            db.execute("DELETE FROM feedback WHERE run_id = ?", (run_id,))


def insert(db: sqlite3.Connection, conversation_id: str, given: Iterable[Feedback]) -> None:
    """Within a transaction of `db`."""
    db.executemany(
        "INSERT OR REPLACE INTO feedback (run_id, conversation_id, verdict, note, updated)"
        " VALUES (?, ?, ?, ?, ?)",
        [(f.run_id, conversation_id, f.verdict, f.note, f.updated) for f in given],
    )


def _check_note(note: str) -> None:
    if len(note) > MAX_NOTE:
        raise InvalidRequest(
            f"备注有{len(note)}字，最多{MAX_NOTE}字。请写短一些。",
            f"The note has {len(note)} characters, at most {MAX_NOTE} are kept. Make it shorter.",
        )


def _check_ended(run: sqlite3.Row | None) -> None:
    if run is None:
        raise NotFound("没有这次运行。", "No such run.")
    if run["ended"] is None:
        raise InvalidRequest(
            "这一轮还没有答完，答完再评价。", "This answer is not finished; rate it when it is."
        )
