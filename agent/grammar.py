"""How a family of checkpoints writes tool calls: what decoding may produce, and how it is read.

One object per family with two methods: `structural_tag` gives the grammar (xgrammar's structural
tag, https://xgrammar.mlc.ai/docs/tutorials/structural_tag.html, as JSON) and `parser` a reader
of the stream. Hermes is the first: ChatML checkpoints such as Qwen3 write

    <think>…</think>words<tool_call>
    {"name": "search_images", "arguments": {"query": "拱桥"}}
    </tool_call>
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from agent.parsing import HermesParser, Piece
from tools.handles import Kind, kind_of

Schema = Mapping[str, Any]
"""A tool as an OpenAI function schema: {"type": "function", "function": {"name", …}}."""

# The grammar's own state grows with a bound on length, and a person's sentence never reaches it:
# lengths are checked when the call is validated.
_LEFT_TO_VALIDATION = ("minLength", "maxLength")


# Markup that no reply may hold as words, and no argument as text.
_STRAY = ("</tool_call>", "<tool_response>", "</tool_response>", "<|im_start|>")
_IN_ARGUMENTS = (*_STRAY, "<tool_call>", "<|im_end|>")


class Parser(Protocol):
    def feed(self, text: str) -> list[Piece]:
        """What is certain after `text`; the rest is held back."""

    def close(self) -> list[Piece]:
        """What was held back, at the end of the stream."""


@runtime_checkable
class CallFormat(Protocol):
    def structural_tag(self, tools: Sequence[Schema], handles: Sequence[str]) -> str | None:
        """The grammar of one reply that may call `tools`; None when there are none to call."""

    def parser(self) -> Parser:
        """A reader of one reply."""


@dataclass(frozen=True)
class Hermes:
    """`<tool_call>` around JSON: Qwen2.5, Qwen3 and the starter."""

    def structural_tag(self, tools: Sequence[Schema], handles: Sequence[str]) -> str | None:
        if not tools:
            return None
        tags = [_tag(tool["function"], handles) for tool in tools]
        dispatch = {
            "type": "triggered_tags",
            "triggers": ["<tool_call>"],
            "tags": tags,
            "excludes": _STRAY,
        }
        return json.dumps({"type": "structural_tag", "format": dispatch}, ensure_ascii=False)

    def parser(self) -> Parser:
        return HermesParser()


def call_format(family: str) -> CallFormat:
    """The call format of a checkpoint family (`defaults.call_format` of its catalogue entry)."""
    return {"hermes": Hermes()}[family]


def _tag(function: Mapping[str, Any], handles: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "tag",
        "begin": f'<tool_call>\n{{"name": "{function["name"]}", "arguments": ',
        "content": {
            "type": "json_schema",
            "json_schema": constrain(function["parameters"], handles),
            "max_whitespace_cnt": 1,
            "excludes": _IN_ARGUMENTS,
        },
        "end": "}\n</tool_call>",
    }


def constrain(parameters: Mapping[str, Any], handles: Sequence[str]) -> dict[str, Any]:
    """The schema that decoding follows: `image` and `audio` can only name what exists.

    Without any picture the field stays free: the tool answers with the hint that there is none,
    which helps more than being forced into another tool. The prompt keeps the schema as it is,
    or every new handle would throw away the KV cache of the prefix.
    """
    fields: dict[Kind, list[str]] = {"image": [], "audio": []}
    for handle in handles:
        if (kind := kind_of(handle)) is not None:
            fields[kind].append(handle)
    properties = {
        name: _enum(field, fields.get(name, ())) if name in fields else _loosen(field)
        for name, field in parameters.get("properties", {}).items()
    }
    return {**parameters, "properties": properties}


def _enum(field: Mapping[str, Any], allowed: Sequence[str]) -> dict[str, Any]:
    return {"enum": list(allowed)} if allowed else _loosen(field)


def _loosen(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {k: _loosen(v) for k, v in node.items() if k not in _LEFT_TO_VALIDATION}
    return node
