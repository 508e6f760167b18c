"""Routing cases: the file format, one conversation through an agent loop, and what counts as right.

A line of the file is one case; see `Case`. Tools give canned results in the words of
`tools/replies.py`, so that a run measures the agent alone.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from models.errors import InvalidRequest
from tools.handles import Kind, handle_of, with_attachments
from training.llm import canned

MOST_STEPS = 8  # of a turn, before it counts as going in circles
Message = dict[str, Any]
Schema = Mapping[str, Any]


class Check(BaseModel):
    """A check on argument `arg` of the first call of `tool`."""

    tool: str
    arg: str
    must_contain: list[str] = []
    equals: str | int | None = None

    def holds(self, calls: Sequence["ToolCall"]) -> bool:
        first = next((call for call in calls if call.name == self.tool), None)
        if first is None:
            return False
        value = first.arguments.get(self.arg)
        if self.equals is not None and value != self.equals:
            return False
        return all(part in str(value) for part in self.must_contain)


class Turn(BaseModel):
    """`expect`: acceptable sequences of tool names; an empty one is "no tool"."""

    user: str
    attach: list[Kind] = []
    expect: list[list[str]]
    args: list[Check] = []


class Case(BaseModel):
    id: str
    kind: str
    turns: list[Turn]

    def can_do_with(self, tools: Collection[str]) -> bool:
        """Whether every turn has an acceptable sequence out of `tools`."""
        return all(any(set(names) <= set(tools) for names in turn.expect) for turn in self.turns)


@dataclass(frozen=True)
class ToolCall:
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class AssistantReply:
    """One step of a backend. `malformed`: it wrote something that is no call of an offered tool."""

    text: str
    calls: list[ToolCall]
    malformed: bool = False


class Backend(Protocol):
    """Anything that answers a conversation; messages and tools are OpenAI-style."""

    name: str

    def complete(self, messages: list[Message], tools: list[Schema]) -> AssistantReply:
        """The next step after `messages`."""


@dataclass
class TurnResult:
    """What a backend did in one turn, and how it is judged."""

    case: Case
    turn: Turn
    calls: list[ToolCall] = field(default_factory=list)
    text: str = ""
    malformed: int = 0

    @property
    def names(self) -> list[str]:
        return [call.name for call in self.calls]

    @property
    def routed(self) -> bool:
        return self.names in self.turn.expect

    @property
    def argued(self) -> bool:
        return all(check.holds(self.calls) for check in self.turn.args)

    @property
    def wants_none(self) -> bool:
        return all(not sequence for sequence in self.turn.expect)


def load_cases(path: Path) -> list[Case]:
    """Raises InvalidRequest with the line that does not fit the format."""
    cases: list[Case] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            cases.append(Case.model_validate_json(line))
        except ValidationError as error:
            raise InvalidRequest(
                f"{path.name} 第{number}行不合格式：{error.errors()[0]['msg']}",
                f"{path.name}, line {number}: {error.errors()[0]['msg']}",
            ) from error
    return cases


def run_case(case: Case, backend: Backend, tools: list[Schema], system: str) -> list[TurnResult]:
    """Every turn of `case`, one after the other, in one conversation."""
    messages: list[Message] = [{"role": "system", "content": system}] if system else []
    conversation = _Conversation(messages, {"image": 0, "audio": 0}, Random(case.id))
    return [conversation.run(case, turn, backend, tools) for turn in case.turns]


@dataclass
class _Conversation:
    messages: list[Message]
    made: dict[Kind, int]
    rng: Random

    def run(self, case: Case, turn: Turn, backend: Backend, tools: list[Schema]) -> TurnResult:
        handles = [self._new(kind) for kind in turn.attach]
        self.messages.append({"role": "user", "content": with_attachments(turn.user, handles)})
        done = TurnResult(case, turn)
        for _ in range(MOST_STEPS):
            reply = backend.complete(self.messages, tools)
            done.malformed += reply.malformed
            done.calls += reply.calls
            done.text = reply.text
            self.messages += list(self._messages_of(reply, tools))
            if not reply.calls:
                break
        return done

    def _messages_of(self, reply: AssistantReply, tools: list[Schema]) -> Iterator[Message]:
        calls = [
            {
                "type": "function",
                "id": f"call-{len(self.messages)}-{number}",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for number, call in enumerate(reply.calls)
        ]
        message: Message = {"role": "assistant", "content": reply.text}
        yield {**message, "tool_calls": calls} if calls else message
        for call, wire in zip(reply.calls, calls, strict=True):
            content = self._result(call, tools)
            yield {
                "role": "tool", "name": call.name, "tool_call_id": wire["id"], "content": content
            }  # fmt: skip

    def _result(self, call: ToolCall, tools: list[Schema]) -> str:
        lacking = _lacking(call, tools)
        if lacking:
            return f"缺少参数{'、'.join(lacking)}。"
        return canned.result(call.name, call.arguments, self._new, self.rng).text

    def _new(self, kind: Kind) -> str:
        self.made[kind] += 1
        return handle_of(kind, self.made[kind])


def _lacking(call: ToolCall, tools: list[Schema]) -> list[str]:
    """Required arguments that `call` does not give."""
    functions = {tool["function"]["name"]: tool["function"] for tool in tools}
    required = functions[call.name]["parameters"].get("required", [])
    return [name for name in required if name not in call.arguments]


def parse_hermes(text: str, offered: set[str]) -> AssistantReply:
    """A whole reply in the Hermes format, read without a grammar's guarantee."""
    words, *blocks = text.split("<tool_call>")
    calls: list[ToolCall] = []
    malformed = "</tool_call>" in words
    for block in blocks:
        call = _hermes_call(block.partition("</tool_call>")[0])
        if call is None or call.name not in offered:
            malformed = True
        else:
            calls.append(call)
    return AssistantReply(words.strip(), calls, malformed)


def _hermes_call(text: str) -> ToolCall | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("arguments"), dict):
        return None
    return ToolCall(str(value.get("name")), value["arguments"])
