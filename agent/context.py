"""The run that the current code works for, whatever thread it is on.

LangChain and LangGraph copy the context of the caller into their worker threads, so that the
chat model and the tools find the run without it being handed through their signatures.
"""

import threading
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ag_ui.core import ActivitySnapshotEvent, BaseEvent

from agent.options import AS_SET, Options
from models.errors import Cancelled

if TYPE_CHECKING:
    from agent.approval import Decision

LlmState = Literal["queued", "loading", "thinking", "stopping"]


@dataclass(frozen=True)
class RunContext:
    """One run. `record` commits an event; `handles` are those of the conversation, as of now;
    `fresh`: no tool may answer from its cache; `open_calls` are the ids of tool calls that were
    shown and have no result yet; `decisions` what a person said to those that asked first, by call
    id; `remembers`: the conversation goes on here, not with a caller who tells it anew."""

    conversation_id: str
    run_id: str
    record: Callable[[BaseEvent], None]
    handles: Callable[[], Sequence[str]] = tuple
    fresh: bool = False
    cancel: threading.Event = field(default_factory=threading.Event)
    open_calls: set[str] = field(default_factory=set)
    decisions: "dict[str, Decision]" = field(default_factory=dict)
    options: Options = AS_SET
    remembers: bool = True

    def check_cancelled(self) -> None:
        """Raise `Cancelled` once the run was told to stop."""
        if self.cancel.is_set():
            raise Cancelled

    def thinking(self, state: LlmState, position: int | None = None) -> None:
        """Show what the language model waits for."""
        self.record(thinking_event(self.run_id, state, position))


def thinking_event(run_id: str, state: LlmState, position: int | None = None) -> BaseEvent:
    """`stopping`: a person asked for it, and what cannot be left in the middle comes to its end."""
    content = {"state": state, "position": position}
    return ActivitySnapshotEvent(
        message_id=f"{run_id}-thinking", activity_type="duomo.llm", content=content
    )


@dataclass(frozen=True)
class LlmTicket:
    """The language model's place in the device's queue (`models.residency.Ticket`)."""

    run: RunContext

    @property
    def cancel(self) -> threading.Event:
        return self.run.cancel

    def queued(self, position: int) -> None:
        self.run.thinking("queued", position)

    def granted(self, queued_seconds: float, load_seconds: float) -> None:
        del queued_seconds, load_seconds
        self.run.thinking("thinking")


current_run: ContextVar[RunContext | None] = ContextVar("current_run", default=None)


def running() -> RunContext:
    """The run that this code works for; it works for one."""
    run = current_run.get()
    assert run is not None, "the agent works inside a run"
    return run
