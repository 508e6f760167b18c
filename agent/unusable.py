"""Calls that cannot even be kept: a conversation is stored, and its store takes no value at all.

MessagePack has integers of 64 bits, and text is UTF-8. JSON knows neither bound, so a model may
write a seed of thirty digits or half a surrogate pair; kept as they are, those would be the end
of the run instead of a call to correct.
"""

import json
from typing import Any

from langchain_core.messages import AIMessage, InvalidToolCall, ToolCall
from langchain_core.messages.tool import invalid_tool_call

_LEAST, _MOST = -(2**63), 2**64 - 1
_DEEPEST = 32  # of arguments; no tool's are deeper than three


def set_aside(reply: AIMessage) -> AIMessage:
    """`reply` with the calls that cannot be stored, or whose JSON was broken before LangChain
    mended it (`malformed_calls`, their numbers), among its invalid ones."""
    malformed = set(reply.response_metadata.get("malformed_calls", ()))
    unusable = [
        call
        for number, call in enumerate(reply.tool_calls)
        if number in malformed or not _is_storable(call["args"])
    ]
    if not unusable:
        return reply
    kept = [call for call in reply.tool_calls if call not in unusable]
    invalid = [*reply.invalid_tool_calls, *map(_invalid, unusable)]
    return reply.model_copy(update={"tool_calls": kept, "invalid_tool_calls": invalid})


def _invalid(call: ToolCall) -> InvalidToolCall:
    return invalid_tool_call(
        name=call["name"], args=json.dumps(call["args"]), id=call["id"], error="cannot be stored"
    )


def _is_storable(value: Any, depth: int = 0) -> bool:
    if depth > _DEEPEST:
        return False
    if isinstance(value, bool):
        return True
    if isinstance(value, int):
        return _LEAST <= value <= _MOST
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return all(_is_storable(part, depth + 1) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return all(_is_storable(item, depth + 1) for item in value)
    return True
