"""Tells the event log what the chat model says, while it says it.

A LangChain callback handler, called on the thread that decodes: the events of a reply are in the
log before its first tool starts. It reads chunks, so any LangChain chat model will do.
"""

import json
import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from ag_ui.core import (
    BaseEvent,
    ReasoningEndEvent,
    ReasoningMessageContentEvent,
    ReasoningMessageEndEvent,
    ReasoningMessageStartEvent,
    ReasoningStartEvent,
    TextMessageContentEvent,
    TextMessageEndEvent,
    TextMessageStartEvent,
    TokenUsage,
    ToolCallArgsEvent,
    ToolCallEndEvent,
    ToolCallStartEvent,
)
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, GenerationChunk, LLMResult

from agent.context import RunContext
from agent.work import FinishReason

FLUSH_SECONDS = 0.04  # 25 updates a second read as a flow; more only cost commits


class Narrator(BaseCallbackHandler):
    """One per run; `finish_reason` is that of its last reply. Errors of the log (a full disk) end
    the run: nothing unseen goes on."""

    run_inline = True
    raise_error = True
    ignore_chain = True

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._message_id = ""
        self._open: str | None = None  # "text", "reasoning" or the id of a tool call
        self._buffer = ""
        self._flushed = 0.0
        self._input_tokens = 0
        self._output_tokens = 0
        self._reused_tokens = 0
        self.finish_reason: FinishReason = "stop"

    def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[BaseMessage]], **_: Any
    ) -> None:
        """Without this method LangChain would fold the messages into one string for us."""

    def on_llm_new_token(
        self,
        token: str | list[str | dict[str, Any]],  # noqa: ARG002
        *,
        chunk: GenerationChunk | ChatGenerationChunk | None = None,
        run_id: UUID,
        **_: Any,
    ) -> None:
        if isinstance(chunk, ChatGenerationChunk) and isinstance(chunk.message, AIMessageChunk):
            self._message_id = self._message_id or chunk.message.id or str(run_id)
            self._tell(chunk.message)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **_: Any) -> None:
        generation = response.generations[0][0]
        assert isinstance(generation, ChatGeneration)
        message = generation.message
        assert isinstance(message, AIMessage)
        if not self._message_id:  # a model that does not stream
            self._message_id = message.id or str(run_id)
            self._tell_whole(message)
        self._count(message)
        is_cut = (generation.generation_info or {}).get("finish_reason") == "length"
        self.finish_reason = "length" if is_cut else "stop"
        self._finish_message()

    def on_llm_error(self, error: BaseException, **_: Any) -> None:  # noqa: ARG002
        self._finish_message()

    def usage(self) -> list[TokenUsage]:
        """Tokens of all calls of the run."""
        return [
            TokenUsage(
                input_tokens=self._input_tokens,
                output_tokens=self._output_tokens,
                cached_input_tokens=self._reused_tokens,
            )
        ]

    def _tell(self, message: AIMessageChunk) -> None:
        if thought := message.additional_kwargs.get("reasoning_content"):
            self._say("reasoning", thought)
        if message.text:
            self._say("text", message.text)
        for chunk in message.tool_call_chunks:
            if chunk["name"]:
                self._begin_call(chunk["id"] or str(uuid4()), chunk["name"])
            if chunk["args"]:
                self._add(chunk["args"])

    def _tell_whole(self, message: AIMessage) -> None:
        whole = AIMessageChunk(content=message.content, tool_calls=message.tool_calls)
        self._tell(whole)

    def _say(self, kind: str, text: str) -> None:
        if self._open != kind:
            self._close()
            self._open = kind
            self._record_all(_START[kind](self._message_id))
            self._flushed = 0.0
        self._add(text)

    def _add(self, delta: str) -> None:
        self._buffer += delta
        if time.monotonic() - self._flushed >= FLUSH_SECONDS:
            self._flush()

    def _flush(self) -> None:
        if self._buffer and self._open is not None:
            self._run.record(_content(self._open, self._message_id, self._buffer))
        self._buffer, self._flushed = "", time.monotonic()

    def _begin_call(self, call_id: str, name: str) -> None:
        self._close()
        self._open = call_id
        self._run.open_calls.add(call_id)
        self._run.record(
            ToolCallStartEvent(
                tool_call_id=call_id, tool_call_name=name, parent_message_id=self._message_id
            )
        )

    def _finish_message(self) -> None:
        self._close()
        self._message_id = ""

    def _close(self) -> None:
        if self._open is None:
            return
        self._flush()
        opened, self._open = self._open, None
        self._record_all(_end(opened, self._message_id))

    def _record_all(self, events: list[BaseEvent]) -> None:
        for event in events:
            self._run.record(event)

    def _count(self, message: AIMessage) -> None:
        usage = message.usage_metadata
        if usage is None:
            return
        self._input_tokens += usage["input_tokens"]
        self._output_tokens += usage["output_tokens"]
        self._reused_tokens += usage.get("input_token_details", {}).get("cache_read") or 0


def say(run: RunContext, text: str) -> AIMessage:
    """Words of our own, not of the model: into the log, and as the message for the history."""
    message = AIMessage(text, id=str(uuid4()))
    assert message.id is not None
    for event in (
        *_text_start(message.id),
        _content("text", message.id, text),
        *_end("text", message.id),
    ):
        run.record(event)
    return message


def begin_call(
    run: RunContext,
    call_id: str,
    tool: str,
    arguments: Mapping[str, Any],
    message_id: str | None = None,
) -> None:
    """A call of our own, not of the model: into the log, to be carried out next."""
    run.open_calls.add(call_id)
    for event in (
        ToolCallStartEvent(tool_call_id=call_id, tool_call_name=tool, parent_message_id=message_id),
        ToolCallArgsEvent(tool_call_id=call_id, delta=json.dumps(arguments, ensure_ascii=False)),
        ToolCallEndEvent(tool_call_id=call_id),
    ):
        run.record(event)


def _text_start(message_id: str) -> list[BaseEvent]:
    return [TextMessageStartEvent(message_id=message_id, role="assistant")]


def _reasoning_start(message_id: str) -> list[BaseEvent]:
    thought_id = _thought(message_id)
    return [
        ReasoningStartEvent(message_id=thought_id),
        ReasoningMessageStartEvent(message_id=thought_id, role="reasoning"),
    ]


_START = {"text": _text_start, "reasoning": _reasoning_start}


def _content(opened: str, message_id: str, delta: str) -> BaseEvent:
    if opened == "text":
        return TextMessageContentEvent(message_id=message_id, delta=delta)
    if opened == "reasoning":
        return ReasoningMessageContentEvent(message_id=_thought(message_id), delta=delta)
    return ToolCallArgsEvent(tool_call_id=opened, delta=delta)


def _end(opened: str, message_id: str) -> list[BaseEvent]:
    if opened == "text":
        return [TextMessageEndEvent(message_id=message_id)]
    if opened == "reasoning":
        thought_id = _thought(message_id)
        return [
            ReasoningMessageEndEvent(message_id=thought_id),
            ReasoningEndEvent(message_id=thought_id),
        ]
    return [ToolCallEndEvent(tool_call_id=opened)]


def _thought(message_id: str) -> str:
    return f"{message_id}-reasoning"
