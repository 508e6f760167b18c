"""The tool calls of a conversation as the event log has them, and which of them need which."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.events import StoredEvent

_NAMED = re.compile(r"(?<![A-Za-z0-9-])(?:img|aud)-[1-9]\d{0,5}(?!\d)")


@dataclass(frozen=True)
class PastStep:
    """`state`: None while it has not ended; `approval`: None where nobody was asked.

    `handles` and `artifacts` (SHA-256) of its results, in the same order.
    """

    call_id: str
    run_id: str
    tool: str
    written: str = ""
    changed: Mapping[str, Any] | None = None
    approval: str | None = None
    state: str | None = None
    handles: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()

    @property
    def arguments(self) -> dict[str, Any]:
        """What it was carried out with; empty when the model wrote no JSON object."""
        if self.changed is not None:
            return dict(self.changed)
        try:
            parsed = json.loads(self.written or "{}")
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}


def steps_of(events: Iterable["StoredEvent"]) -> dict[str, PastStep]:
    """By call id, in the order in which they began."""
    steps: dict[str, PastStep] = {}
    for stored in events:
        event = stored.event
        if event["type"] == "TOOL_CALL_START":
            call_id = event["toolCallId"]
            steps[call_id] = PastStep(call_id, stored.run_id, event["toolCallName"])
        elif event["type"] == "TOOL_CALL_ARGS":
            step = steps[event["toolCallId"]]
            steps[step.call_id] = replace(step, written=step.written + event["delta"])
        elif event["type"] == "CUSTOM" and event["name"] in _CHANGES:
            value = event["value"]
            if (known := steps.get(value["toolCallId"])) is not None:
                steps[known.call_id] = _CHANGES[event["name"]](known, value)
    return steps


def _asked(step: PastStep, value: dict[str, Any]) -> PastStep:
    return replace(step, approval=value["state"], changed=value.get("arguments"))


def _ended(step: PastStep, value: dict[str, Any]) -> PastStep:
    views = value["artifacts"]
    return replace(
        step,
        state=value["state"],
        handles=tuple(view["handle"] for view in views),
        artifacts=tuple(view["sha256"] for view in views),
    )


_CHANGES = {"duomo.approval": _asked, "duomo.step": _ended}


def handles_in(value: Any) -> set[str]:
    """The handles that arguments name, at any depth, as a value of its own or within words."""
    if isinstance(value, str):
        return set(_NAMED.findall(value))
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {handle for item in items for handle in handles_in(item)}


def with_handles(value: Any, replaced: Mapping[str, str]) -> Any:
    """`value` with each handle that has a successor replaced by it."""
    if isinstance(value, str):
        return _NAMED.sub(lambda found: replaced.get(found[0], found[0]), value)
    if isinstance(value, dict):
        return {key: with_handles(item, replaced) for key, item in value.items()}
    return [with_handles(item, replaced) for item in value] if isinstance(value, list) else value


def dependants(
    steps: Iterable[PastStep], redone: Sequence[PastStep], replaced: Mapping[str, str]
) -> list[PastStep]:
    """The steps that used what `redone` had given, directly or through another step, in order.

    `replaced`: old handle → new one. A step that used a result without a successor cannot be
    carried out anew, nor can what came of it.
    """
    renewed = set(replaced)
    lost = {handle for step in redone for handle in step.handles} - renewed
    found = []
    for step in steps:
        named = handles_in(step.arguments)
        if step in redone or step.state != "done":
            continue
        if named & lost:
            lost.update(step.handles)
        elif named & renewed:
            found.append(step)
            renewed.update(step.handles)
    return found
