"""Keeps a turn within bounds: calls, repairs, repetition, and never an empty answer."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from langchain.agents.middleware import AgentMiddleware, AgentState
from langchain.agents.middleware.types import ModelRequest, ModelResponse, ToolCallRequest
from langchain_core.messages import AIMessage, BaseMessage, ToolCall, ToolMessage
from langgraph.types import Command

from agent.context import RunContext, running
from agent.history import calls_of, last_turn
from agent.narrator import say
from agent.tooling import Step, error_code, is_retry
from agent.unusable import set_aside
from models.errors import ToolAbsent, ToolRetry

TOO_MANY_STEPS = "步骤太多，我先停在这里。可以把要做的事分成几句话再说一次。"
ASK_AGAIN = "我试了几次都没成功：{hint}请再说具体一点。"
CANNOT = "这件事我还不会做。请换个说法，或者说说想要什么结果。"
HALF_A_CALL = "这一步的参数太长，没能写完。请换个短一点的说法。"
NOT_JSON = "{name}的参数不是能用的JSON对象，请重写这次调用。"
NO_ANSWER = "我没想好怎么回答，请换个说法再问一次。"


@dataclass(frozen=True)
class Limits:
    """Of one turn. `repairs`: how often the model may correct a call before the person is asked."""

    model_calls: int = 8
    tool_calls: int = 12
    repairs: int = 2


class TurnGuard(AgentMiddleware[AgentState[Any], Any, Any]):
    """Reads all it needs from the messages of the turn, so that it holds across a restart."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self._limits = limits

    def wrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], ModelResponse[Any]],
    ) -> ModelResponse[Any]:
        """Around the model, not before and after it: hooks there would each be a step of the graph,
        which costs as much as the rest of the agent's work."""
        run = running()
        run.check_cancelled()
        turn = last_turn(request.state["messages"])
        if (words := self._over(turn)) is not None:
            return ModelResponse(result=[say(run, words)])
        response = handler(request)
        run.check_cancelled()
        reply = response.result[-1]
        assert isinstance(reply, AIMessage)
        return replace(response, result=self._checked(run, set_aside(reply), turn))

    def _over(self, turn: Sequence[BaseMessage]) -> str | None:
        """The last words of a turn that must not go on."""
        results = [m for m in turn if isinstance(m, ToolMessage)]
        absent = [m for m in results if error_code(m.artifact) == ToolAbsent.code]
        if absent:  # no other words would be as right
            return absent[0].text
        retries = [m for m in results if is_retry(m.artifact)]
        if len(retries) > self._limits.repairs:
            return _question(retries[-1])
        if sum(isinstance(m, AIMessage) for m in turn) >= self._limits.model_calls:
            return TOO_MANY_STEPS
        return None

    def _checked(
        self, run: RunContext, reply: AIMessage, turn: Sequence[BaseMessage]
    ) -> list[BaseMessage]:
        """`reply`, or what takes its place; results of the calls that are not run; and an answer
        behind them where the turn ends here. `turn`: what came before."""
        if reply.response_metadata.get("finish_reason") == "length" and _has_call(reply):
            return [_without_calls(run, reply)]
        if reply.invalid_tool_calls:
            return _explained(run, reply)
        if not reply.tool_calls:
            return [_completed(run, reply, turn)]
        if len(calls_of([*turn, reply])) > self._limits.tool_calls:
            return [reply, *_refused(run, reply.tool_calls), say(run, TOO_MANY_STEPS)]
        return [reply, *_repeated(run, reply.tool_calls, turn)]

    def wrap_tool_call(
        self,
        request: ToolCallRequest,
        handler: Callable[[ToolCallRequest], ToolMessage | Command[Any]],
    ) -> ToolMessage | Command[Any]:
        if request.tool is not None:
            return handler(request)
        names = "、".join(tool.name for tool in request.runtime.tools)
        error = ToolRetry(
            f"没有工具{request.tool_call['name']}，可用的工具：{names}。",
            f"There is no tool {request.tool_call['name']}.",
            question=CANNOT,
        )
        return _result(request.tool_call, *_step(running(), request.tool_call).fail(error))


def _step(run: RunContext, call: ToolCall) -> Step:
    return Step(run, call["id"] or "")


def _result(call: ToolCall, text: str, value: dict[str, Any]) -> ToolMessage:
    return ToolMessage(
        text,
        tool_call_id=call["id"] or "",
        name=call["name"],
        artifact=value,
        status="success" if value["state"] == "done" else "error",
    )


def _has_call(reply: AIMessage) -> bool:
    return bool(reply.tool_calls or reply.invalid_tool_calls)


def _without_calls(run: RunContext, reply: AIMessage) -> AIMessage:
    """The reply was cut off in a call: LangChain would complete its JSON and run half a request."""
    error = ToolRetry(HALF_A_CALL, "The arguments were cut off.")
    for call_id in sorted(run.open_calls):
        Step(run, call_id).fail(error)
    return _and_words(run, reply, HALF_A_CALL)


def _completed(run: RunContext, reply: AIMessage, turn: Sequence[BaseMessage]) -> AIMessage:
    """An answer without words gets some: the last result, or that there is none."""
    if reply.text.strip():
        return reply
    results = [m for m in turn if isinstance(m, ToolMessage)]
    return _and_words(run, reply, _outcome(results[-1]) if results else NO_ANSWER)


def _and_words(run: RunContext, reply: AIMessage, words: str) -> AIMessage:
    """`reply` with `words` added and no calls."""
    say(run, words)
    return AIMessage(reply.text + words, id=reply.id)


def _explained(run: RunContext, reply: AIMessage) -> list[BaseMessage]:
    """Calls whose arguments cannot be read get their hint; those beside them are run.

    The broken text does not stay in the history: no chat template could render it.
    """
    broken = [
        ToolCall(name=call["name"] or "", args={}, id=call["id"] or str(uuid4()))
        for call in reply.invalid_tool_calls
    ]
    whole = AIMessage(reply.text, tool_calls=[*reply.tool_calls, *broken], id=reply.id)
    return [whole, *(_not_json(run, call) for call in broken)]


def _not_json(run: RunContext, call: ToolCall) -> ToolMessage:
    name = call["name"]
    error = ToolRetry(
        NOT_JSON.format(name=name), f"The arguments of {name} are no usable JSON object."
    )
    return _result(call, *_step(run, call).fail(error))


def _outcome(result: ToolMessage) -> str:
    """A result in words for the person: a hint to the model becomes a question."""
    return _question(result) if is_retry(result.artifact) else result.text


def _question(result: ToolMessage) -> str:
    """What to ask the person about a call that could not be repaired."""
    return result.artifact.get("question") or ASK_AGAIN.format(hint=result.text)


def _refused(run: RunContext, calls: Sequence[ToolCall]) -> list[BaseMessage]:
    error = ToolRetry(TOO_MANY_STEPS, "Too many steps in one turn.")
    return [_result(call, *_step(run, call).fail(error)) for call in calls]


def _repeated(
    run: RunContext, calls: Sequence[ToolCall], before: Sequence[BaseMessage]
) -> list[BaseMessage]:
    """A call that was answered in this turn is not run again; when all were, the turn is over."""
    known = _results(before)
    repeated = [call for call in calls if _key(call) in known]
    results: list[BaseMessage] = [_repeat(run, call, known[_key(call)]) for call in repeated]
    if not repeated or len(repeated) < len(calls):
        return results
    return [*results, say(run, _outcome(known[_key(repeated[-1])]))]


def _repeat(run: RunContext, call: ToolCall, earlier: ToolMessage) -> ToolMessage:
    _step(run, call).repeat(earlier.text, earlier.artifact)
    return _result(call, earlier.text, earlier.artifact)


def _results(turn: Sequence[BaseMessage]) -> dict[str, ToolMessage]:
    keys = {call["id"]: _key(call) for call in calls_of(turn)}
    return {keys[m.tool_call_id]: m for m in turn if isinstance(m, ToolMessage) and m.artifact}


def _key(call: ToolCall) -> str:
    return json.dumps([call["name"], call["args"]], sort_keys=True)
