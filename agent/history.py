"""What of a conversation goes into the prompt: turns, cut to the context, always well formed."""

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
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
BLOCK_TURNS = 8
_CUT_MARK = "\n……（中间略去{count}字）……\n"


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
    calls = [call for m in turn if isinstance(m, AIMessage) for call in m.tool_calls]
    results: list[BaseMessage] = [known.get(call["id"] or "") or _no_result(call) for call in calls]
    return [*results, AIMessage(UNANSWERED)]


def _is_answer(message: BaseMessage) -> bool:
    return isinstance(message, AIMessage) and not message.tool_calls


def _no_result(call: ToolCall) -> ToolMessage:
    return ToolMessage(
        INTERRUPTED, tool_call_id=call["id"] or "", name=call["name"], status="error"
    )


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


def fit(
    messages: Sequence[BaseMessage], length: Callable[[Sequence[BaseMessage]], int], limit: int
) -> list[BaseMessage]:
    """The newest turns whose rendering has at most `limit` tokens; handles keep their names.

    Old turns go in blocks, not one by one: the prompt then keeps its beginning for some turns,
    and with it the KV cache. A single turn that is too long loses the middle of its longest text.
    """
    kept = list(messages)
    if length(kept) <= limit:
        return kept
    cuts = _cuts(kept)
    first = bisect_left(cuts, True, key=lambda cut: length(_without(kept, cut)) <= limit)
    kept = _without(kept, cuts[min(first, len(cuts) - 1)]) if cuts else kept
    while length(kept) > limit and (shorter := _cut_longest(kept)) is not None:
        kept = shorter
    return kept


def _cuts(messages: list[BaseMessage]) -> list[int]:
    """Where a history may begin: at every block of turns, and in the last block at every turn."""
    starts = [i for i, message in enumerate(messages) if isinstance(message, HumanMessage)]
    last_block = (len(starts) - 1) // BLOCK_TURNS * BLOCK_TURNS
    return [*starts[:last_block:BLOCK_TURNS], *starts[last_block:]]


def _without(messages: list[BaseMessage], cut: int) -> list[BaseMessage]:
    system = [message for message in messages[:1] if isinstance(message, SystemMessage)]
    return [*system, *messages[cut:]]


def _cut_longest(messages: list[BaseMessage]) -> list[BaseMessage] | None:
    candidates = [i for i, m in enumerate(messages) if isinstance(m, (HumanMessage, ToolMessage))]
    if not candidates:
        return None
    longest = max(candidates, key=lambda i: len(messages[i].text))
    text = messages[longest].text
    keep = len(text) * 3 // 4
    if keep < 64:  # nothing left to gain
        return None
    head, tail = text[: keep // 2], text[len(text) - keep // 2 :]
    cut = head + _CUT_MARK.format(count=len(text) - 2 * (keep // 2)) + tail
    return [
        message.model_copy(update={"content": cut}) if i == longest else message
        for i, message in enumerate(messages)
    ]
