"""What `Engine.ask` gives back: a finished run, folded from its events."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import Cancelled, error_named

if TYPE_CHECKING:
    from agent.events import StoredEvent


@dataclass(frozen=True)
class AnswerStep:
    """A tool call that ended. `artifacts`: files, in order; `text`: what the model was told."""

    tool: str
    arguments_json: str
    state: str
    text: str
    artifacts: tuple[Path, ...]
    details: dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """`conversation_id` goes into the next `ask` to continue."""

    conversation_id: str
    run_id: str
    text: str
    steps: tuple[AnswerStep, ...]

    @property
    def artifacts(self) -> tuple[Path, ...]:
        return tuple(path for step in self.steps for path in step.artifacts)


def collect(
    conversation_id: str,
    run_id: str,
    events: "Iterable[StoredEvent]",
    export: Callable[[str], Path],
) -> Answer:
    """The answer of a run's events, which end with its terminal one.

    `export`: SHA-256 of an artifact → its file as it leaves. Raises the run's error, or Cancelled.
    """
    said: dict[str, str] = {}
    calls: dict[str, dict[str, Any]] = {}
    for stored in events:
        event = stored.event
        _raise_failure(event)
        _hear(event, said)
        _watch(event, calls)
    steps = tuple(_step(call, export) for call in calls.values())
    return Answer(conversation_id, run_id, "\n\n".join(filter(str.strip, said.values())), steps)


def _raise_failure(event: dict[str, Any]) -> None:
    if event["type"] == "CUSTOM" and event["name"] == "duomo.error":
        value = event["value"]
        raise error_named(value["code"], value["zh"], value["en"])
    if event["type"] == "RUN_FINISHED" and event.get("outcome", {}).get("type") == "cancelled":
        raise Cancelled


def _hear(event: dict[str, Any], said: dict[str, str]) -> None:
    if event["type"] == "TEXT_MESSAGE_CONTENT":
        said[event["messageId"]] = said.get(event["messageId"], "") + event["delta"]


def _watch(event: dict[str, Any], calls: dict[str, dict[str, Any]]) -> None:
    match event["type"]:
        case "TOOL_CALL_START":
            calls[event["toolCallId"]] = {"tool": event["toolCallName"], "arguments": ""}
        case "TOOL_CALL_ARGS":
            calls[event["toolCallId"]]["arguments"] += event["delta"]
        case "TOOL_CALL_RESULT":
            calls[event["toolCallId"]]["text"] = event["content"]
        case "CUSTOM" if event["name"] == "duomo.step":
            calls[event["value"]["toolCallId"]].update(event["value"])


def _step(call: dict[str, Any], export: Callable[[str], Path]) -> AnswerStep:
    return AnswerStep(
        tool=call["tool"],
        arguments_json=call["arguments"],
        state=call.get("state", "cancelled"),
        text=call.get("text", ""),
        artifacts=tuple(export(view["sha256"]) for view in call.get("artifacts", ())),
        details=call.get("details", {}),
    )
