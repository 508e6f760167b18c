"""What of a conversation goes into the prompt: turns, cut to the context, always well formed."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

INTERRUPTED = "这一步没有做完。"
UNANSWERED = "（上一轮中断了，没有答完。）"
# What chat templates and call formats write around messages: `<|im_end|>`, `</tool_response>` …
_MARKUP = re.compile(r"<(\|\w+\||/?(?:tool_call|tool_response|tools|think))>")
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
    trained on; the next turn begins after these.
    """
    if not messages:
        return []
    answered = {m.tool_call_id for m in messages if isinstance(m, ToolMessage)}
    open_calls = [
        call
        for message in last_turn(messages)
        if isinstance(message, AIMessage)
        for call in message.tool_calls
        if call["id"] not in answered
    ]
    results: list[BaseMessage] = [
        ToolMessage(INTERRUPTED, tool_call_id=call["id"] or "", name=call["name"], status="error")
        for call in open_calls
    ]
    ended = isinstance(messages[-1], AIMessage) and not open_calls
    return results if ended else [*results, AIMessage(UNANSWERED)]


def as_dicts(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """Messages as chat templates take them."""
    return [_as_dict(message) for message in messages]


def neutral(text: str) -> str:
    """`text` without markup that a tokenizer would take for the end of a message.

    Words of a person, of a picture or of a file are data; written `＜|im_end|＞` they stay so.
    """
    return _MARKUP.sub(r"＜\1＞", text)


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
                "function": {"name": call["name"], "arguments": call["args"]},
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

    Old turns go in halves, not one by one: the prompt then keeps its beginning for many turns,
    and with it the KV cache. A single turn that is too long loses the middle of its longest text.
    """
    kept = list(messages)
    while length(kept) > limit and (shorter := _without_older_half(kept)) is not None:
        kept = shorter
    while length(kept) > limit and (shorter := _cut_longest(kept)) is not None:
        kept = shorter
    return kept


def _without_older_half(messages: list[BaseMessage]) -> list[BaseMessage] | None:
    system = [m for m in messages[:1] if isinstance(m, SystemMessage)]
    starts = [i for i, m in enumerate(messages) if isinstance(m, HumanMessage)]
    if len(starts) < 2:
        return None
    return [*system, *messages[starts[(len(starts) + 1) // 2] :]]


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
