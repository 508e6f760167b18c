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
from tools.handles import kind_of

Schema = Mapping[str, Any]
"""A tool as an OpenAI function schema: {"type": "function", "function": {"name", …}}."""

# Markup that no reply may hold as words.
_STRAY = ("</tool_call>", "<tool_response>", "</tool_response>", "<|im_start|>")


class Parser(Protocol):
    def feed(self, text: str) -> list[Piece]:
        """What is certain after `text`; the rest is held back."""

    def close(self) -> list[Piece]:
        """What was held back, at the end of the stream."""


@runtime_checkable
class CallFormat(Protocol):
    def structural_tag(
        self, tools: Sequence[Schema], handles: Sequence[str], *, must: bool = False
    ) -> str | None:
        """The grammar of one reply that may call `tools`, or `must`; None when there are none."""

    def words_only(self) -> str | None:
        """The grammar of one reply that calls nothing; None where decoding is free."""

    def parser(self, tools: Sequence[Schema] = ()) -> Parser:
        """A reader of one reply. `tools` tell the types of arguments that are written bare."""


@dataclass(frozen=True)
class Hermes:
    """`<tool_call>` around JSON: Qwen2.5, Qwen3 and the starter."""

    def structural_tag(
        self, tools: Sequence[Schema], handles: Sequence[str], *, must: bool = False
    ) -> str | None:
        if not tools:
            return None
        tags = [_tag(tool["function"], handles) for tool in tools]
        dispatch = {
            "type": "triggered_tags",
            "triggers": ["<tool_call>"],
            "tags": tags,
            "at_least_one": must,
            "excludes": _STRAY,
        }
        return json.dumps({"type": "structural_tag", "format": dispatch}, ensure_ascii=False)

    def words_only(self) -> str | None:
        words = {"type": "any_text", "excludes": ["<tool_call>", *_STRAY]}
        return json.dumps({"type": "structural_tag", "format": words})

    def parser(self, tools: Sequence[Schema] = ()) -> Parser:
        del tools  # JSON says what is a number
        return HermesParser()


def _tag(function: Mapping[str, Any], handles: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "tag",
        "begin": f'<tool_call>\n{{"name": "{function["name"]}", "arguments": ',
        "content": {
            "type": "json_schema",
            "json_schema": constrain(function["parameters"], handles),
            "max_whitespace_cnt": 1,
        },
        "end": "}\n</tool_call>",
    }


def constrain(parameters: Mapping[str, Any], handles: Sequence[str]) -> dict[str, Any]:
    """The schema that decoding follows: `image` and `audio` can only name what exists.

    Without any picture the field stays free: the tool answers with the hint that there is none,
    which helps more than being forced into another tool. The prompt keeps the schema as it is,
    or every new handle would throw away the KV cache of the prefix.
    """
    allowed: dict[str, list[str]] = {"image": [], "audio": []}
    for handle in handles:
        if (kind := kind_of(handle)) is not None:
            allowed[kind].append(handle)
    properties = {
        name: {"enum": allowed[name]} if allowed.get(name) else field
        for name, field in parameters.get("properties", {}).items()
    }
    return {**parameters, "properties": properties}
