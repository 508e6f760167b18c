"""The messages of a conversation: always well formed, and as chat templates take them."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolCall,
    ToolMessage,
)

INTERRUPTED = "这一步没有做完。"
UNANSWERED = "（上一轮中断了，没有答完。）"
# What chat templates and call formats write around messages: `<|im_end|>`, `</tool_response>` …
_MARKUP = re.compile(r"<(\|\w+\||/?(?:tool_call|tool_response|tools|think))>")


def last_turn(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """What followed the person's last words."""
    for index in range(len(messages) - 1, -1, -1):
        if isinstance(messages[index], HumanMessage):
            return list(messages[index + 1 :])
    return list(messages)


def close_turn(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """The messages that make a history whole whose last run was stopped or died.

    A call without its result, or a turn without an answer, is nothing a chat template was ever
    trained on; the next turn begins after these. Results that are known come again: LangGraph
    shows those of a step that was cut short, and drops them when the next turn begins (one that
    it kept has the same id and is not doubled).
    """
    turn = last_turn(messages)
    if not messages or _is_answer(messages[-1]):
        return []
    known = {m.tool_call_id: m for m in turn if isinstance(m, ToolMessage)}
    calls = calls_of(turn)
    results: list[BaseMessage] = [known.get(call["id"] or "") or _no_result(call) for call in calls]
    return [*results, AIMessage(UNANSWERED)]


def _is_answer(message: BaseMessage) -> bool:
    return isinstance(message, AIMessage) and not message.tool_calls


def _no_result(call: ToolCall) -> ToolMessage:
    return ToolMessage(
        INTERRUPTED, tool_call_id=call["id"] or "", name=call["name"], status="error"
    )


def calls_of(messages: Iterable[BaseMessage]) -> list[ToolCall]:
    """All calls that the model made there, in order."""
    return [call for m in messages if isinstance(m, AIMessage) for call in m.tool_calls]


def said(messages: Sequence[BaseMessage]) -> str:
    """All that the person, the model, its calls and its tools have said, instructions apart."""
    spoken = [message.text for message in messages if not isinstance(message, SystemMessage)]
    return "\n".join([*spoken, *(str(call["args"]) for call in calls_of(messages))])


def asked(messages: Sequence[BaseMessage]) -> str:
    """What the person said last."""
    spoken = (m.text for m in reversed(messages) if isinstance(m, HumanMessage))
    return next(spoken, "")


def as_dicts(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """Messages as chat templates take them."""
    return [_as_dict(message) for message in messages]


def neutral(text: str) -> str:
    """`text` without markup that a tokenizer would take for the end of a message.

    Words of a person, of a picture or of a file are data; written `＜|im_end|＞` they stay so.
    """
    return _MARKUP.sub(r"＜\1＞", text)


def _neutral_strings(value: Any) -> Any:
    if isinstance(value, str):
        return neutral(value)
    if isinstance(value, dict):
        return {key: _neutral_strings(item) for key, item in value.items()}
    return [_neutral_strings(item) for item in value] if isinstance(value, list) else value


def _as_dict(message: BaseMessage) -> dict[str, Any]:
    content = neutral(message.text)
    if isinstance(message, SystemMessage):
        return {"role": "system", "content": content}
    if isinstance(message, ToolMessage):
        return {
            "role": "tool",
            "name": message.name,
            "tool_call_id": message.tool_call_id,
            "content": content,
        }
    if isinstance(message, AIMessage):
        calls = [
            {
                "type": "function",
                "id": call["id"],
                "function": {"name": call["name"], "arguments": _neutral_strings(call["args"])},
            }
            for call in message.tool_calls
        ]
        reply = {"role": "assistant", "content": content}
        return {**reply, "tool_calls": calls} if calls else reply
    return {"role": "user", "content": content}
