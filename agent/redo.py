"""Carries past steps out once more with other arguments, and tells the model's memory.

What the memory gets is a turn like any other (words, call, result, answer), so that chat templates
render it as they render the rest, and later turns can refer to the new results.
"""

import uuid
from typing import TYPE_CHECKING, Any

from ag_ui.core import CustomEvent
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.messages.tool import tool_call

from agent.build import Agent
from agent.context import RunContext
from agent.gate import ApprovalGate
from agent.history import close_turn
from agent.narrator import begin_call, say
from agent.rerun import Redo
from agent.steps import dependants, handles_in, with_handles
from agent.tooling import Step
from agent.turn import config_of, prune
from models.errors import ToolFailed

if TYPE_CHECKING:
    from agent.work import Redone

_LAST_NODE = f"{ApprovalGate.__name__}.after_model"
"""After it an answer ends the turn; it is what LangGraph is told that the messages came from."""


def redo(agent: Agent, run: RunContext, work: "Redone") -> None:
    """The steps of `work` in order, then the offer of those that used their old results.

    What was done stays done when the run is stopped in between.
    """
    history = agent.get_state(config_of(run)).values.get("messages", [])
    turn: list[BaseMessage] = [HumanMessage(work.words, id=run.run_id)]
    redoing = _Redoing(run, work, turn)
    try:
        for one in work.redos:
            redoing.carry_out(one)
        results = (message.text for message in turn if isinstance(message, ToolMessage))
        turn.append(say(run, "\n".join(results)))
    finally:
        told = [*close_turn(history), *turn]
        whole = {"messages": [*told, *close_turn(told)]}
        agent.update_state(config_of(run), whole, as_node=_LAST_NODE)
        prune(agent, run)
    redoing.offer()


class _Redoing:
    """One run of past steps; `turn` grows by each call and its result."""

    def __init__(self, run: RunContext, work: "Redone", turn: list[BaseMessage]) -> None:
        self._run = run
        self._work = work
        self._turn = turn
        self._replaced = dict(work.replaced)
        self._lost: set[str] = set()

    def carry_out(self, one: Redo) -> None:
        self._run.check_cancelled()
        arguments = with_handles(one.arguments, self._replaced)
        self._begin(one, arguments)
        text, value = self._perform(one, arguments)
        self._turn.append(_result(one, text, value))
        made = [view["handle"] for view in value["artifacts"]]
        self._replaced.update(zip(one.of.handles, made, strict=False))
        self._lost.update(one.of.handles[len(made) :])

    def offer(self) -> None:
        """Name the steps that can follow; nothing when none used the old results."""
        redone = [one.of for one in self._work.redos]
        offered = dependants(self._work.steps(), redone, self._replaced)
        if offered:
            ids = [step.call_id for step in offered]
            value = {"toolCallIds": ids, "replaced": self._replaced}
            self._run.record(CustomEvent(name="duomo.offer", value=value))

    def _begin(self, one: Redo, arguments: dict[str, Any]) -> None:
        call = tool_call(name=one.of.tool, args=arguments, id=one.call_id)
        message = AIMessage("", tool_calls=[call], id=str(uuid.uuid4()))
        self._turn.append(message)
        begin_call(self._run, one.call_id, one.of.tool, arguments, message.id)

    def _perform(self, one: Redo, arguments: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        step = Step(self._run, one.call_id, one.of.artifacts)
        if lost := sorted(handles_in(arguments) & self._lost):
            return step.fail(_no_successor(lost[0]))
        return step.perform(self._work.tools[one.of.tool], arguments, self._work.workshop())


def _result(one: Redo, text: str, value: dict[str, Any]) -> ToolMessage:
    return ToolMessage(
        text,
        tool_call_id=one.call_id,
        name=one.of.tool,
        artifact=value,
        status="success" if value["state"] == "done" else "error",
        id=f"{one.call_id}-result",
    )


def _no_successor(handle: str) -> ToolFailed:
    return ToolFailed(
        f"重做后没有可以代替{handle}的结果，这一步没有做。",
        f"Nothing new takes the place of {handle}, so this step was not carried out.",
    )
