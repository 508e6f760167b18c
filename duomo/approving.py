"""Steps that ask first, where nobody sits at a screen: all are approved, or the run is stopped."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from models.errors import ApprovalNeeded

if TYPE_CHECKING:
    from agent.approval import Approvals
    from agent.events import StoredEvent
    from agent.runs import Runs


def approving(events: "Iterable[StoredEvent]", approvals: "Approvals") -> "Iterator[StoredEvent]":
    """`events` of a run, each step approved when it asks."""
    for stored in events:
        if (call_id := asking(stored)) is not None:
            approvals.answer(stored.run_id, call_id, "approve")
        yield stored


def refusing(events: "Iterable[StoredEvent]", runs: "Runs") -> "Iterator[StoredEvent]":
    """`events` of a run; at the first step that asks it is stopped. Raises `ApprovalNeeded`."""
    for stored in events:
        if asking(stored) is not None:
            runs.cancel(stored.run_id)
            raise needs_approval()
        yield stored


def needs_approval() -> ApprovalNeeded:
    return ApprovalNeeded(
        "这一步要先得到同意。请传 approve=True，或改设置 ask_before、ask_above_count。",
        "A step needs approval. Pass approve=True, or change the settings ask_before and "
        "ask_above_count.",
    )


def asking(stored: "StoredEvent") -> str | None:
    """The call that an event says waits for a person, if it says so."""
    event = stored.event
    if event.get("name") != "duomo.approval" or event["value"]["state"] != "waiting":
        return None
    call_id: str = event["value"]["toolCallId"]
    return call_id
