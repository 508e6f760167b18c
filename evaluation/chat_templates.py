"""Do the calls of a conversation come back from what a real chat template makes of them?

Every template of a folder renders a conversation whose last reply has words and two calls (one,
where it takes no more). What it adds for that reply is read by each call format; right is the one
that gives back the words and the calls, every argument with its type.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import typer
from jinja2 import TemplateError
from transformers.utils.chat_template_utils import render_jinja_template

from agent.families import FAMILIES
from agent.grammar import CallFormat
from agent.parsing import CallArguments, CallStart, Piece, Words
from evaluation.report import Report, Table
from models.errors import NotFound

WORDS = "好的，我来。"
TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": "search_images",
            "description": "找图",
            "parameters": {
                "type": "object",
                "properties": {
                    "query": {"type": "string", "description": "要找的内容"},
                    "top_k": {"type": "integer", "description": "几张"},
                    "exact": {"type": "boolean", "description": "是否严格"},
                },
                "required": ["query"],
            },
        },
    },
    {
        "type": "function",
        "function": {
            "name": "speak",
            "description": "朗读",
            "parameters": {
                "type": "object",
                "properties": {"text": {"type": "string", "description": "要读的话"}},
                "required": ["text"],
            },
        },
    },
]
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("search_images", {"query": '“拱桥” "3" {月}\n1 < 2', "top_k": 2, "exact": True}),
    ("speak", {"text": "2"}),
]
# Kimi's ids are names, Mistral's have nine letters.
IDS = ("functions.{name}:{number}", "call0000{number}")
_END = re.compile(r"(?:<\|[\w▁]+\|>|</s>|<｜end▁of▁sentence｜>|\[e~\[|<seed:eos>|\s)+\Z")


@dataclass(frozen=True)
class Found:
    """`family`: whose format gave the calls back; `why`: what was in the way."""

    name: str
    offers: bool
    rendered: bool
    parsed: bool
    family: str
    why: str

    @property
    def round_trip(self) -> bool:
        return bool(self.family)


def check(name: str, template: str, formats: dict[str, CallFormat]) -> Found:
    """One template: is it made for tools, does it show the calls, who reads them back?"""
    try:
        prompt = _render(template, [], TOOLS)
        offers = "search_images" in prompt and prompt != _render(template, [], [])
        reply, calls = _reply(template)
    except (TemplateError, TypeError, ValueError, KeyError, AttributeError) as error:
        return Found(name, "tool" in template, False, False, "", _line(error))
    if not all(call in reply for call, _ in calls):
        why = "shows no calls" if offers else "knows no tools"
        return Found(name, offers, False, False, "", why)
    return _read_back(name, offers, reply, calls, formats)


def _read_back(
    name: str,
    offers: bool,
    reply: str,
    calls: Sequence[tuple[str, dict[str, Any]]],
    formats: dict[str, CallFormat],
) -> Found:
    nearest = "no format reads it"
    parsed = False
    for family, call_format in formats.items():
        words, got = read(call_format, reply)
        if got == list(calls) and (words == WORDS or WORDS not in reply):
            why = "" if words == WORDS else "the template drops the words"
            return Found(name, offers, True, True, family, why)
        if got:
            parsed = True
            nearest = f"{family}: {'other words' if got == list(calls) else 'other arguments'}"
    return Found(name, offers, True, parsed, "", nearest)


def read(call_format: CallFormat, reply: str) -> tuple[str, list[tuple[str, Any]]]:
    """Words and calls of a reply that comes character by character."""
    parser = call_format.parser(TOOLS)
    pieces: list[Piece] = [piece for character in reply for piece in parser.feed(character)]
    pieces += parser.close()
    names = {p.index: p.name for p in pieces if isinstance(p, CallStart)}
    written = dict.fromkeys(names, "")
    for piece in pieces:
        if isinstance(piece, CallArguments):
            written[piece.index] += piece.delta
    words = "".join(piece.text for piece in pieces if isinstance(piece, Words))
    return words.strip(), [(names[i], _value(written[i])) for i in names]


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _reply(template: str) -> tuple[str, list[tuple[str, dict[str, Any]]]]:
    """What the template adds for the reply, and the calls of that reply."""
    failures: list[Exception] = []
    for calls, ids, as_text in product((CALLS, CALLS[:1]), IDS, (False, True)):
        try:
            whole = _render(template, [_message(calls, ids, as_text)], TOOLS)
            return _after_prompt(template, whole), list(calls)
        except (TemplateError, TypeError, ValueError) as error:
            failures.append(error)
    raise failures[0]


def _after_prompt(template: str, whole: str) -> str:
    """The reply alone, without the end of the turn: what differs from a conversation without it."""
    before = _render(template, [], TOOLS)
    same = next((i for i, (a, b) in enumerate(zip(before, whole, strict=False)) if a != b), None)
    start = min(len(before), len(whole)) if same is None else same
    words = whole.find(WORDS)
    head = whole[start:] if words < 0 else whole[words:]
    return _END.sub("", head)


def _message(
    calls: Sequence[tuple[str, dict[str, Any]]], ids: str, as_text: bool
) -> dict[str, Any]:
    wire = [
        {
            "type": "function",
            "id": ids.format(name=name, number=number),
            "function": {
                "name": name,
                "arguments": json.dumps(args, ensure_ascii=False) if as_text else args,
            },
        }
        for number, (name, args) in enumerate(calls)
    ]
    return {"role": "assistant", "content": WORDS, "tool_calls": wire}


def _render(template: str, more: list[dict[str, Any]], tools: list[dict[str, Any]]) -> str:
    messages = [
        {"role": "system", "content": "你是助手。"},
        {"role": "user", "content": "找桥"},
        *more,
    ]
    schemas: list[Any] = tools
    rendered: Any = render_jinja_template(
        [messages],
        tools=schemas or None,
        chat_template=template,
        add_generation_prompt=False,
        bos_token="",
        eos_token="</s>",  # noqa: S106 (the name of a token, no password)
    )
    return str(rendered[0][0])


def _line(error: Exception) -> str:
    return f"template: {' '.join(str(error).split())[:60]}"


def evaluate(folder: Path, formats: dict[str, CallFormat]) -> Report:
    """A row a template of `folder` (*.jinja), and a row a family. Raises NotFound."""
    files = sorted(folder.glob("*.jinja"))
    if not files:
        raise NotFound(f"{folder} 里没有 .jinja 模板。", f"There is no .jinja file in {folder}.")
    found = [check(file.stem, file.read_text("utf-8"), formats) for file in files]
    with_calls = [f for f in found if f.rendered]
    figures = {
        "templates": float(len(found)),
        "offer_tools": float(sum(f.offers for f in found)),
        "rendered": float(len(with_calls)),
        "parsed": float(sum(f.parsed for f in found)),
        "round_trip": float(sum(f.round_trip for f in found)),
    }
    rows = [[f.name, _yes(f.offers), _yes(f.rendered), _yes(f.parsed), f.family, f.why]
            for f in found]  # fmt: skip
    columns = ["template", "offers tools", "rendered", "parsed", "round trip as", "why not"]
    families: list[list[str | int]] = [
        [family, sum(f.family == family for f in found)] for family in formats
    ]
    return Report(
        "chat templates",
        figures,
        [Table("templates", columns, rows), Table("families", ["family", "round trips"], families)],
    )


def _yes(value: bool) -> str:
    return "✓" if value else "—"


def main(
    folder: Annotated[Path, typer.Argument(help="a folder of .jinja chat templates", exists=True)],
    hermes_only: Annotated[bool, typer.Option(help="read with the Hermes format alone")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures here")] = None,
) -> None:
    """Render calls with every template, read them back, and say which come back whole."""
    formats = {"hermes": FAMILIES["hermes"]} if hermes_only else FAMILIES
    found = evaluate(folder, formats)
    found.print()
    if json_file is not None:
        found.write_json(json_file)
