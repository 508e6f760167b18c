"""What goes over the wire about conversations and their runs."""

from typing import Any, Literal

from pydantic import AliasChoices, Field

from api.schemas import Wire

MAX_TEXT = 20_000
"""Longest text of one turn, in characters."""
MAX_ATTACHMENTS = 16
"""Most attachments of one turn."""
MAX_TITLE = 200
"""Longest title of a conversation, in characters."""
Source = Literal["person", "program"]
RunState = Literal["queued", "running", "waiting", "finished", "failed", "cancelled"]


class ConversationView(Wire):
    id: str
    title: str
    created: float
    updated: float
    branch_of: str | None = Field(
        default=None, description="Id of the one it was branched off, which may be deleted by now"
    )


class ConversationList(Wire):
    conversations: tuple[ConversationView, ...]


class NewConversation(Wire):
    title: str = Field(default="", max_length=MAX_TITLE)


class ConversationTitle(Wire):
    title: str = Field(min_length=1, max_length=MAX_TITLE)


class NewRun(Wire):
    """One turn of a person: words, attachments, or both."""

    text: str = Field(default="", description=f"At most {MAX_TEXT} characters")
    attachments: tuple[str, ...] = Field(default=(), max_length=MAX_ATTACHMENTS)
    fresh: bool = Field(default=False, description="True: no tool may answer from its cache")


class StartedRun(Wire):
    run_id: str
    conversation_id: str


class Answer(Wire):
    """What a person says to a step that waits; `arguments` go with `change` alone."""

    choice: Literal["approve", "change", "skip"]
    arguments: dict[str, Any] | None = None


class NewRerun(Wire):
    """A step that has ended, once more with these arguments."""

    call_id: str
    arguments: dict[str, Any]


class NewDependants(Wire):
    """Which of the steps that a rerun offered; all of them when not said."""

    call_ids: tuple[str, ...] | None = Field(default=None, max_length=64)


class RunView(Wire):
    id: str
    conversation_id: str
    state: RunState
    reason: str | None = None
    created: float
    ended: float | None = None


class StoredEventView(Wire):
    """One event of the log; `event` is an AG-UI 1.0 event as it goes over the wire (camelCase)."""

    seq: int
    run_id: str = Field(
        validation_alias=AliasChoices("runId", "run_id"), serialization_alias="runId"
    )
    created: float
    event: dict[str, Any]


class EventList(Wire):
    events: tuple[StoredEventView, ...]
