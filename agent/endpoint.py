"""A language model behind an OpenAI-compatible server, as a LangChain chat model.

vLLM, SGLang, Ollama, llama.cpp, `transformers serve` and the like. It is asked for streamed
completions with the tools' schemas; what comes back is data from outside: calls get ids of our own,
their arguments are checked (no grammar held them), and markup that a server without a tool parser
leaves in the text is read as the calls and thoughts it means.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk
from pydantic import Field

from agent.chat_model import chunk_of
from agent.context import current_run
from agent.grammar import Schema
from agent.history import as_dicts
from agent.options import AS_SET
from agent.parsing import CallArguments, CallStart, HermesParser, Piece, Reasoning
from agent.reading import Reader, Reading, Room
from agent.streaming import StreamingChatModel
from agent.wire import CallDelta, Completion, ContextTooLong, Delta, Usage, Wire
from agent.wire_errors import cut_off

MOST_CUTS = 4  # each halves what is sent; then the person is told
UNNAMED = "unnamed"  # a call without a name: no such tool, and the model hears so


class EndpointChatModel(StreamingChatModel):
    """Streams from the server that `wire` speaks to. The run's stop flag closes the stream."""

    wire: Wire
    max_new_tokens: int = 512
    temperature: float | None = None  # the server's own default
    reader: Reading = Field(default_factory=Reader)

    @property
    def _llm_type(self) -> str:
        return "duomo-endpoint"

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        tools: Sequence[Schema] = (),
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        """Raises EndpointError and its kinds, InvalidRequest (longer than the context), Cancelled.

        What the server finds too long is cut like a prompt for the local model and sent again.
        """
        del stop, run_manager, kwargs
        run = current_run.get()
        for _ in range(MOST_CUTS):
            completions = self.wire.stream(self._body(messages, tools), run.cancel if run else None)
            try:
                yield from self._chunks(completions)
            except ContextTooLong as error:
                half = _characters(messages) // 2
                room = Room(half, half, half // 2)
                shorter = self.reader.fit(messages, _characters, _characters, room)
                if _characters(shorter) == _characters(messages):
                    raise error.told from error
                messages = shorter
            else:
                return
        raise ContextTooLong().told

    def _body(self, messages: Sequence[BaseMessage], tools: Sequence[Schema]) -> dict[str, Any]:
        body: dict[str, Any] = {
            "messages": [_on_the_wire(message) for message in as_dicts(messages)],
            "max_tokens": self.max_new_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if self.temperature is not None:
            body["temperature"] = self.temperature
        run = current_run.get()
        body |= (run.options if run else AS_SET).on_the_wire()
        return {**body, "tools": [dict(tool) for tool in tools]} if tools else body

    def _chunks(self, completions: Iterator[Completion]) -> Iterator[ChatGenerationChunk]:
        reply = _Reply()
        usage: Usage | None = None
        reason: str | None = None
        for completion in completions:
            usage = completion.usage or usage
            for choice in completion.choices[:1]:
                reason = choice.finish_reason or reason
                yield from self._told(reply.feed(choice.delta))
        if reason is None:
            raise cut_off(self.wire.endpoint.host)
        yield from self._told(reply.close())
        yield _last_chunk(reason, usage, reply)

    def _told(self, pieces: Sequence[Piece]) -> Iterator[ChatGenerationChunk]:
        for piece in pieces:
            if isinstance(piece, CallStart):
                self.on_tool_name(piece.name)
            yield ChatGenerationChunk(message=chunk_of(piece))


class _Reply:
    """One reply: the deltas of the server → pieces, every call under a number of its own."""

    def __init__(self) -> None:
        self._parser = HermesParser()
        self._numbers: dict[object, int] = {}
        self._ids: dict[int, str] = {}  # by the server's index: the id that is being written
        self._arguments: dict[int, str] = {}
        self._names: dict[int, str] = {}

    def feed(self, delta: Delta) -> list[Piece]:
        pieces: list[Piece] = []
        if thought := delta.reasoning_content or delta.reasoning:
            pieces.append(Reasoning(thought))
        pieces += self._from_text(self._parser.feed(delta.content or ""))
        for call in delta.tool_calls or ():
            pieces += self._from_call(call)
        return pieces

    def close(self) -> list[Piece]:
        pieces = self._from_text(self._parser.close())
        nameless = [n for n in self._numbers.values() if n not in self._names]
        for number in nameless:
            pieces += self._begin(number, UNNAMED)
        return pieces

    @property
    def malformed(self) -> list[int]:
        """The calls whose arguments are no JSON object, in order of their begin."""
        return [n for n in self._names if not _is_object(self._arguments.get(n, ""))]

    @property
    def order(self) -> list[int]:
        return list(self._names)

    def _from_text(self, pieces: Sequence[Piece]) -> list[Piece]:
        told: list[Piece] = []
        for piece in pieces:
            match piece:
                case CallStart(index, name):
                    told += self._begin(self._number(("text", index)), name)
                case CallArguments(index, delta):
                    told += self._add(self._number(("text", index)), delta)
                case _:
                    told.append(piece)
        return told

    def _from_call(self, call: CallDelta) -> list[Piece]:
        """Servers that begin every call at index 0 are known; a new id is a new call."""
        index = call.index or 0
        call_id = call.id or self._ids.get(index, "")
        self._ids[index] = call_id
        number = self._number((index, call_id))
        pieces: list[Piece] = []
        if call.function.name and number not in self._names:
            pieces += self._begin(number, call.function.name)
        return [*pieces, *self._add(number, call.function.arguments or "")]

    def _number(self, key: object) -> int:
        return self._numbers.setdefault(key, len(self._numbers))

    def _begin(self, number: int, name: str) -> list[Piece]:
        self._names[number] = name
        early = self._arguments.get(number, "")
        started = CallStart(number, name)
        return [started, CallArguments(number, early)] if early else [started]

    def _add(self, number: int, arguments: str) -> list[Piece]:
        self._arguments[number] = self._arguments.get(number, "") + arguments
        if not arguments or number not in self._names:
            return []
        return [CallArguments(number, arguments)]


def _on_the_wire(message: dict[str, Any]) -> dict[str, Any]:
    """Arguments are a string of JSON there, an object in chat templates."""
    calls = [
        {**call, "function": {**call["function"], "arguments": _json(call["function"])}}
        for call in message.get("tool_calls", ())
    ]
    return {**message, "tool_calls": calls} if calls else message


def _json(function: dict[str, Any]) -> str:
    return json.dumps(function["arguments"], ensure_ascii=False)


def _is_object(arguments: str) -> bool:
    try:
        return not arguments.strip() or isinstance(json.loads(arguments), dict)
    except ValueError:
        return False


def _characters(messages: Sequence[BaseMessage]) -> int:
    return sum(len(json.dumps(message, ensure_ascii=False)) for message in as_dicts(messages))


def _last_chunk(reason: str, usage: Usage | None, reply: _Reply) -> ChatGenerationChunk:
    """`malformed_calls`: which calls of the message, counted from 0; LangChain would mend their
    JSON and run what nobody asked for."""
    order, wrong = reply.order, set(reply.malformed)
    malformed = [place for place, number in enumerate(order) if number in wrong]
    message = AIMessageChunk(
        content="",
        usage_metadata=None if usage is None else _usage(usage),
        chunk_position="last",
    )
    info: dict[str, Any] = {"finish_reason": "length" if reason == "length" else "stop"}
    if malformed:
        info["malformed_calls"] = malformed
    return ChatGenerationChunk(message=message, generation_info=info)


def _usage(usage: Usage) -> UsageMetadata:
    read = usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else 0
    return UsageMetadata(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        total_tokens=usage.prompt_tokens + usage.completion_tokens,
        input_token_details={"cache_read": read or 0},
    )
