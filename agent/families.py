"""The call formats of checkpoint families beside Hermes: how each is read, and its grammar.

A family is a row of `FAMILIES`: its markup, how a call between its tags is read, and the name
under which xgrammar knows its grammar (https://xgrammar.mlc.ai/docs). Where xgrammar has none,
decoding is free, and what is wrong is found by the reading and the validation.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from agent.grammar import CallFormat, Hermes, Parser, Schema, constrain
from agent.parsing import CallArguments, CallStart, Piece, ReplyParser, Tags
from models.catalog import Checkpoint
from models.errors import CatalogError

Types = Mapping[str, Mapping[str, str]]
"""Tool → argument → JSON type, from the schemas."""
Call = tuple[str, dict[str, Any] | str]
"""Name and arguments; arguments that cannot be read stay the text that they are."""
Read = Callable[[str, Types], list[Call]]


@dataclass(frozen=True)
class Family:
    """`name`: finds the name of a call as soon as it is written; its first group."""

    tags: Tags
    name: str
    read: Read
    grammar: str | None = None

    def structural_tag(
        self, tools: Sequence[Schema], handles: Sequence[str], *, must: bool = False
    ) -> str | None:
        if not tools or self.grammar is None:
            return None
        from xgrammar.builtin_structural_tag import get_model_structural_tag

        bound: list[Any] = [_constrained(tool, handles) for tool in tools]
        whole = get_model_structural_tag(self.grammar, tools=bound, reasoning="disabled")
        tag = _calls_anywhere(whole.model_dump(exclude_none=True))
        if must:
            tag["format"]["at_least_one"] = True
        return json.dumps(tag, ensure_ascii=False)

    def words_only(self) -> str | None:
        return None

    def parser(self, tools: Sequence[Schema] = ()) -> Parser:
        return ReplyParser(self.tags, partial(WholeCall, self, types_of(tools)))


class WholeCall:
    """Tells the name as soon as it stands there, and the arguments once the call is whole."""

    def __init__(self, family: Family, types: Types, index: int, tag: str) -> None:
        self._family, self._types, self._index = family, types, index
        self._text = "" if tag in ("", *_SILENT) else tag
        self._name: str | None = None
        self.count = 0

    @property
    def in_string(self) -> bool:
        return False

    def feed(self, text: str) -> list[Piece]:
        self._text += text
        if self._name is not None or (found := re.match(self._family.name, self._text)) is None:
            return []
        self._name, self.count = found.group(1), 1
        return [CallStart(self._index, self._name)]

    def finish(self) -> list[Piece]:
        calls = self._family.read(self._text, self._types)
        if not calls and self._name is not None:
            calls = [(self._name, self._text)]  # no JSON: the model is told so
        pieces: list[Piece] = []
        for place, (name, arguments) in enumerate(calls):
            if place or self._name is None:
                pieces.append(CallStart(self._index + place, name))
            written = arguments if isinstance(arguments, str) else _json(arguments)
            pieces.append(CallArguments(self._index + place, written))
        self.count = len(calls)
        return pieces


def types_of(tools: Sequence[Schema]) -> Types:
    return {
        tool["function"]["name"]: {
            name: str(field.get("type", ""))
            for name, field in tool["function"]["parameters"].get("properties", {}).items()
        }
        for tool in tools
    }


def _constrained(tool: Schema, handles: Sequence[str]) -> dict[str, Any]:
    function = tool["function"]
    bound = {**function, "parameters": constrain(function["parameters"], handles)}
    return {"type": "function", "function": bound}


def _calls_anywhere(tag: dict[str, Any]) -> dict[str, Any]:
    """The calls alone: whether thoughts or words go before them is the model's own affair."""
    form = tag["format"]
    if form["type"] == "sequence":
        form = form["elements"][-1]
    excludes = [text for text in form.get("excludes", ()) if "think>" not in text]
    return {"type": "structural_tag", "format": {**form, "excludes": excludes}}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


# Readers


def read_json(text: str, types: Types) -> list[Call]:
    """`{"name", "arguments" | "parameters"}`, one or a list of them."""
    del types
    try:
        value, _ = json.JSONDecoder().raw_decode(text.lstrip())
    except ValueError:
        return []
    found = [_named(call) for call in (value if isinstance(value, list) else [value])]
    return [call for call in found if call is not None]


def _named(call: Any) -> Call | None:
    if not (isinstance(call, dict) and isinstance(call.get("name"), str)):
        return None
    arguments = call.get("arguments", call.get("parameters", {}))
    return call["name"], arguments if isinstance(arguments, dict) else _json(arguments)


def read_headed(pattern: re.Pattern[str], text: str, types: Types) -> list[Call]:
    """A name, then an object of JSON: the two groups of `pattern`."""
    del types
    found = pattern.match(text)
    if found is None:
        return []
    name, body = found.groups()
    try:
        arguments, _ = json.JSONDecoder().raw_decode(body.lstrip())
    except ValueError:
        return [(name, body)]
    return [(name, arguments if isinstance(arguments, dict) else body)]


def read_fields(
    call: re.Pattern[str], field: re.Pattern[str], text: str, types: Types
) -> list[Call]:
    """Names (group 1 of `call`) with a body of fields (group 2): each `field` a key and a value."""
    return [
        (name, {key: _typed(value, types.get(name, {}).get(key)) for key, value in
                (match.groups() for match in field.finditer(body))})
        for name, body in (match.groups() for match in call.finditer(text))
    ]  # fmt: skip


_PYTHON_WORDS = {"True": "true", "False": "false", "None": "null"}


def _typed(value: str, kind: str | None) -> Any:
    """Text where the schema wants text; else the JSON that it is, if it is any."""
    value = re.sub(r"^<!\[CDATA\[(.*)\]\]>$", r"\1", value, flags=re.DOTALL)
    if kind == "string":
        return value
    try:  # templates written in Python's words say True
        return json.loads(_PYTHON_WORDS.get(value, value))
    except ValueError:
        return value


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.DOTALL)


def _fields(call: str, field: str) -> Read:
    return partial(read_fields, _pattern(call), _pattern(field))


def _headed(pattern: str) -> Read:
    return partial(read_headed, _pattern(pattern))


_QWEN_XML = _fields(
    r"<function=([^>\n]+)>(.*?)(?:</function>|\Z)",
    r"<parameter=([^>\n]+)>\n?(.*?)\n?(?:</parameter>|(?=<parameter=)|\Z)",
)
_DEEPSEEK = Tags(
    opens=("<｜tool▁call▁begin｜>",),
    closes=("<｜tool▁call▁end｜>",),
    around=("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"),
)
_M = "]<]minimax[>["  # the token that MiniMax-M3 writes before every tag
# Tags that are no part of the call that they open.
_SILENT = (
    "<tool_call>", "<seed:tool_call>", "<minimax:tool_call>", f"{_M}<tool_call>",
    "<｜tool▁call▁begin｜>", "<|tool_call_begin|>", "[TOOL_CALLS]", "<|python_tag|>",
    "<|action_start|><|plugin|>",
)  # fmt: skip
_JSON_NAME = r'\s*\[?\s*\{\s*"name"\s*:\s*"([^"\\]+)"'

FAMILIES: dict[str, CallFormat] = {
    "hermes": Hermes(),
    "qwen_xml": Family(Tags(), r"\s*<function=([^>\n]+)>", _QWEN_XML, "qwen_3_5"),
    "seed": Family(
        Tags(
            ("<seed:tool_call>",),
            ("</seed:tool_call>",),
            thoughts=("<seed:think>", "</seed:think>"),
        ),
        r"\s*<function=([^>\n]+)>",
        _QWEN_XML,
    ),
    "glm": Family(
        Tags(closes=("</tool_call>", "<tool_call>")),
        r"\s*([\w.-]+)\s*(?=<arg_key>)",
        _fields(
            r"\s*([\w.-]+)\s*(?=<arg_key>|\Z)(.*)",
            r"<arg_key>(.*?)</arg_key>\s*<arg_value>(.*?)</arg_value>",
        ),
        "glm_4_7",
    ),
    "deepseek_r1": Family(
        _DEEPSEEK,
        r"function<｜tool▁sep｜>([^\n]+)\n",
        _headed(r"function<｜tool▁sep｜>([^\n]+)\n```json\n(.*?)(?:\n```)?\s*\Z"),
        "deepseek_r1",
    ),
    "deepseek_v3_1": Family(
        _DEEPSEEK,
        r"([^<\s]+)<｜tool▁sep｜>",
        _headed(r"([^<\s]+)<｜tool▁sep｜>(.*)"),
        "deepseek_v3_1",
    ),
    "deepseek_v3": Family(_DEEPSEEK, _JSON_NAME, read_json),
    "kimi": Family(
        Tags(
            ("<|tool_call_begin|>",),
            ("<|tool_call_end|>",),
            ("<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"),
        ),
        r"(?:functions\.)?([^:<\s]+):\d+\s*<\|tool_call_argument_begin\|>",
        _headed(r"(?:functions\.)?([^:<\s]+):\d+\s*<\|tool_call_argument_begin\|>(.*)"),
        "kimi",
    ),
    "minimax": Family(
        Tags(("<minimax:tool_call>",), ("</minimax:tool_call>",)),
        r'\s*<invoke name="([^"]+)">',
        _fields(
            r'<invoke name="([^"]+)">(.*?)</invoke>',
            r'<parameter name="([^"]+)">(.*?)</parameter>',
        ),
        "minimax",
    ),
    "minimax_m3": Family(
        Tags((f"{_M}<tool_call>",), (f"{_M}</tool_call>",), thoughts=("<mm:think>", "</mm:think>")),
        rf'\s*{re.escape(_M)}<invoke name="([^"]+)">',
        _fields(
            r'<invoke name="([^"]+)">(.*?)' + re.escape(_M) + "</invoke>",
            rf"{re.escape(_M)}<(\w+)>(.*?){re.escape(_M)}</\1>",
        ),
        "minimax_m3",
    ),
    "minicpm": Family(
        Tags(("<function name=",), ("</function>",)),
        r'<function name="([^"]+)">',
        _fields(
            r'<function name="([^"]+)">(.*)',
            r'<param name="([^"]+)">(<!\[CDATA\[.*?\]\]>|.*?)</param>',
        ),
    ),
    "mistral": Family(Tags(("[TOOL_CALLS]",), ()), _JSON_NAME, read_json),
    "llama": Family(Tags(("<|python_tag|>", '{"name": '), ()), _JSON_NAME, read_json, "llama"),
    "internlm": Family(
        Tags(("<|action_start|><|plugin|>",), ("<|action_end|>",)), _JSON_NAME, read_json
    ),
}


def call_format(checkpoint: Checkpoint) -> CallFormat:
    """The format of its family, `defaults.call_format`; Hermes without one. Raises CatalogError."""
    family = checkpoint.defaults.get("call_format", "hermes")
    if family not in FAMILIES:
        raise CatalogError(
            f"目录条目 {checkpoint.name} 的 call_format 只能是：{'、'.join(FAMILIES)}。",
            f"call_format of catalogue entry {checkpoint.name} is one of: {', '.join(FAMILIES)}.",
        )
    return FAMILIES[str(family)]
