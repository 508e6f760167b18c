"""Holds back a reply whose calls a person wants to see first (LangGraph's `interrupt`).

LangChain's HumanInTheLoopMiddleware does the same in English: it tells the model of a skipped or
changed call in English sentences, checks changed arguments by types alone, and reads its policy
again when it resumes, so that a policy changed meanwhile would run what was skipped.
"""

from collections.abc import Mapping
from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState
from langchain_core.messages import AIMessage, BaseMessage, ToolCall, ToolMessage
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from agent.approval import AskFirst, Decision
from agent.context import RunContext, running
from agent.history import last_turn
from agent.tooling import Step
from tools.contract import Tool

SKIPPED = "用户跳过了这一步。"


class ApprovalGate(AgentMiddleware[AgentState[Any], Any, Any]):
    """Interrupts with the ids of the calls that ask; all of the reply wait until all are answered,
    so that results are numbered in the order of the calls."""

    def __init__(self, ask_first: AskFirst, tools: Mapping[str, Tool]) -> None:
        super().__init__()
        self._ask_first = ask_first
        self._tools = tools

    def after_model(
        self,
        state: AgentState[Any],
        runtime: Runtime[Any],  # noqa: ARG002
    ) -> dict[str, Any] | None:
        run = running()
        reply, calls = _unanswered(last_turn(state["messages"]))
        decided = {call["id"]: run.decisions.get(call["id"] or "") for call in calls}
        if not any(decided.values()):
            asked = [call["id"] for call in calls if self._wants(call)]
            if asked:
                interrupt({"calls": asked})
            return None
        return {"messages": _as_decided(run, reply, calls)}

    def _wants(self, call: ToolCall) -> bool:
        tool = self._tools.get(call["name"])
        return tool is not None and self._ask_first.wants(tool, call["args"])


def _unanswered(turn: list[BaseMessage]) -> tuple[AIMessage, list[ToolCall]]:
    """The last reply, and its calls that have no result."""
    reply = next(m for m in reversed(turn) if isinstance(m, AIMessage))
    answered = {m.tool_call_id for m in turn if isinstance(m, ToolMessage)}
    return reply, [call for call in reply.tool_calls if call["id"] not in answered]


def _as_decided(run: RunContext, reply: AIMessage, calls: list[ToolCall]) -> list[BaseMessage]:
    """The reply with the arguments that a person chose; what was skipped has its result."""
    revised = [_revised(call, run.decisions.get(call["id"] or "")) for call in reply.tool_calls]
    skipped = [call for call in calls if _is_skip(run.decisions.get(call["id"] or ""))]
    return [
        reply.model_copy(update={"tool_calls": revised}),
        *(_skip(run, call) for call in skipped),
    ]


def _revised(call: ToolCall, decision: Decision | None) -> ToolCall:
    if decision is None or decision.arguments is None:
        return call
    return {**call, "args": dict(decision.arguments)}


def _is_skip(decision: Decision | None) -> bool:
    return decision is not None and decision.choice == "skip"


def _skip(run: RunContext, call: ToolCall) -> ToolMessage:
    text, value = Step(run, call["id"] or "").skip(SKIPPED)
    return ToolMessage(
        text, tool_call_id=call["id"] or "", name=call["name"], artifact=value, status="error"
    )
