"""The memory of a conversation from its log: what the model remembers is what the person sees.

An import goes this way: a crafted file cannot put words into the memory that nobody is shown.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from agent.history import INTERRUPTED, UNANSWERED
from tools.handles import with_attachments

Event = Mapping[str, Any]


def messages_of(runs: Iterable[tuple[str, Iterable[Event]]]) -> list[BaseMessage]:
    """`runs`: their ids and events (AG-UI, as stored), in order. Whole turns, each answered."""
    return [message for run_id, events in runs for message in _turn(run_id, list(events))]


def _turn(run_id: str, events: list[Event]) -> list[BaseMessage]:
    """The words, then each reply with the results of its calls, then an answer."""
    user = next((e["value"] for e in events if e.get("name") == "duomo.user"), None)
    if user is None:
        return []
    handles = [str(view["handle"]) for view in user["attachments"]]
    words = HumanMessage(with_attachments(user["text"], handles), id=run_id)
    results = _results(events)
    turn: list[BaseMessage] = [words]
    for reply in _replies(events):
        turn += [reply, *(_result(call, results) for call in reply.tool_calls)]
    last = turn[-1]
    if not isinstance(last, AIMessage) or last.tool_calls:
        turn.append(AIMessage(UNANSWERED, id=f"{run_id}-unanswered"))
    return turn


def _replies(events: list[Event]) -> list[AIMessage]:
    """What the model said, a message for each message id; calls that were cut off are left out."""
    words: dict[str, str] = {}
    calls: dict[str, dict[str, Any]] = {}
    for event in events:
        match event.get("type"):
            case "TEXT_MESSAGE_START":
                words.setdefault(event["messageId"], "")
            case "TEXT_MESSAGE_CONTENT":
                words[event["messageId"]] = words.get(event["messageId"], "") + event["delta"]
            case "TOOL_CALL_START":
                parent = event.get("parentMessageId") or event["toolCallId"]
                words.setdefault(parent, "")
                calls[event["toolCallId"]] = {
                    "name": event["toolCallName"],
                    "message": parent,
                    "json": "",
                }
            case "TOOL_CALL_ARGS" if event["toolCallId"] in calls:
                calls[event["toolCallId"]]["json"] += event["delta"]
    replies = [_reply(message_id, text, calls) for message_id, text in words.items()]
    return [reply for reply in replies if reply.text or reply.tool_calls]


def _reply(message_id: str, text: str, calls: Mapping[str, Mapping[str, Any]]) -> AIMessage:
    made = [
        {"name": call["name"], "args": arguments, "id": call_id}
        for call_id, call in calls.items()
        if call["message"] == message_id and (arguments := _arguments(call["json"])) is not None
    ]
    return AIMessage(text, id=message_id, tool_calls=made)


def _arguments(text: str) -> dict[str, Any] | None:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _results(events: list[Event]) -> dict[str, tuple[str, Any]]:
    """Call id → the result's words, and the value of its step."""
    steps = {e["value"]["toolCallId"]: e["value"] for e in events if e.get("name") == "duomo.step"}
    found = (e for e in events if e.get("type") == "TOOL_CALL_RESULT")
    return {e["toolCallId"]: (e["content"], steps.get(e["toolCallId"])) for e in found}


def _result(call: Any, results: Mapping[str, tuple[str, Any]]) -> ToolMessage:
    text, value = results.get(call["id"], (INTERRUPTED, None))
    is_done = isinstance(value, dict) and value.get("state") == "done"
    return ToolMessage(
        text,
        tool_call_id=call["id"],
        name=call["name"],
        id=f"{call['id']}-result",
        artifact=value,
        status="success" if is_done else "error",
    )
