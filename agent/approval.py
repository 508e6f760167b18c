"""Steps that wait for a person: which ones ask first, and what may be answered.

A reply whose calls ask interrupts the graph before any of them runs (`agent/gate.py`): the run then
holds neither a thread nor the device, lies in the checkpointer, and outlives the engine. What was
asked and answered are `duomo.approval` events; the run goes on once all its calls are answered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ag_ui.core import CustomEvent

from agent.steps import PastStep, steps_of
from models.errors import AlreadyAnswered, InvalidRequest, NotFound, ToolRetry
from tools.contract import Tool

if TYPE_CHECKING:
    from agent.events import EventLog
    from agent.runs import Runs

Choice = Literal["approve", "change", "skip"]
ApprovalState = Literal["waiting", "approved", "changed", "skipped"]
_STATES: dict[Choice, ApprovalState] = {
    "approve": "approved",
    "change": "changed",
    "skip": "skipped",
}


@dataclass(frozen=True)
class AskFirst:
    """`tools` always ask; any other one when its `count` is above `count_above`."""

    tools: frozenset[str]
    count_above: int

    def wants(self, tool: Tool, raw: Mapping[str, Any]) -> bool:
        """Whether a person decides on this call. One that cannot run goes back to the model."""
        try:
            arguments = tool.parse(raw)
        except ToolRetry:
            return False
        return tool.name in self.tools or getattr(arguments, "count", 0) > self.count_above


NEVER = AskFirst(frozenset(), 2**31)


@dataclass(frozen=True)
class Decision:
    """What a person said to one call; `arguments` of a change, validated."""

    choice: Choice
    arguments: Mapping[str, Any] | None = None


class Approvals:
    """Takes the answers. Thread-safe; each step is answered once."""

    def __init__(self, runs: "Runs", events: "EventLog", tools: Mapping[str, Tool]) -> None:
        self._runs = runs
        self._events = events
        self._tools = tools

    def answer(
        self,
        run_id: str,
        call_id: str,
        choice: Choice,
        arguments: Mapping[str, Any] | None = None,
    ) -> None:
        """Approve a waiting step, change its arguments, or skip it.

        Errors: `NotFound` (no such run, or nothing was asked about this step), `AlreadyAnswered`,
        `InvalidRequest` (arguments out of bounds, or arguments without a change).
        """
        step = steps_of(self._events.replay(run_id=self._runs.get(run_id).id)).get(call_id)
        if step is None or step.approval is None:
            raise NotFound(
                "没有要您决定的这一步。", "Nothing was asked about this step of this run."
            )
        if step.approval != "waiting" or step.state is not None:
            raise already_answered()
        self._runs.answer(run_id, call_id, self._decision(step, choice, arguments))

    def _decision(
        self, step: PastStep, choice: Choice, arguments: Mapping[str, Any] | None
    ) -> Decision:
        if (choice == "change") != (arguments is not None):
            raise InvalidRequest(
                "改参数时才要带上参数。", "Arguments go with a change, and only with a change."
            )
        if arguments is None:
            return Decision(choice)
        return Decision(choice, checked(self._tools, step.tool, arguments))


def checked(tools: Mapping[str, Tool], name: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """A person's arguments for the tool, by its own model. `NotFound`, `InvalidRequest`."""
    tool = tools.get(name)
    if tool is None:
        raise NotFound(
            "现在的配置里没有这一步的工具。", "The profile in use does not offer this step's tool."
        )
    try:
        arguments = tool.parse(raw)
    except ToolRetry as error:
        raise InvalidRequest(error.zh, error.en) from error
    return arguments.model_dump(mode="json", exclude_defaults=True)


def asked_event(call_id: str) -> CustomEvent:
    return CustomEvent(name="duomo.approval", value={"toolCallId": call_id, "state": "waiting"})


def answered_event(call_id: str, decision: Decision) -> CustomEvent:
    value: dict[str, Any] = {"toolCallId": call_id, "state": _STATES[decision.choice]}
    if decision.arguments is not None:
        value["arguments"] = dict(decision.arguments)
    return CustomEvent(name="duomo.approval", value=value)


def decision_of(step: PastStep) -> Decision | None:
    """What the log says that a person decided; None while it waits, or when nobody was asked."""
    choice = next((choice for choice, state in _STATES.items() if state == step.approval), None)
    return None if choice is None else Decision(choice, step.changed)


def already_answered() -> AlreadyAnswered:
    return AlreadyAnswered(
        "这一步已经有了决定，不能再改。", "This step has been decided on; it cannot be changed."
    )
