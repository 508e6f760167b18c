"""A chat model that plays a list of replies: for tests of the loop, not of a model."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import Field

from agent.context import current_run
from models.errors import Cancelled

Reply = (
    str | tuple[str, str] | list[tuple[str, str]] | AIMessageChunk | BaseException | threading.Event
)


class ScriptedModel(BaseChatModel):
    """Replies in order: words, (tool, arguments JSON), several of those, an error to raise,
    or an event to wait for (until it is set or the run is cancelled)."""

    replies: list[Any]
    seen: list[list[BaseMessage]] = Field(default_factory=list)
    streaming: bool = False

    def model_post_init(self, _context: Any) -> None:
        self.streaming = True

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        return self.bind(tools=[tool.name for tool in tools])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        self.seen.append(messages)
        for message in _chunks(self.replies.pop(0)):
            yield ChatGenerationChunk(message=message)

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        raise NotImplementedError


class SilentModel(ScriptedModel):
    """The same without streaming."""

    def model_post_init(self, _context: Any) -> None:
        super().model_post_init(_context)
        self.streaming = False

    _stream = BaseChatModel._stream  # type: ignore[assignment]

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        chunks = list(_chunks(self.replies.pop(0)))
        whole = chunks[0]
        for chunk in chunks[1:]:
            whole = whole + chunk  # type: ignore[assignment]
        message = AIMessage(whole.content, tool_calls=whole.tool_calls)
        return ChatResult(generations=[ChatGeneration(message=message)])


def _chunks(reply: Reply | Callable[[], Reply]) -> Iterator[AIMessageChunk]:
    if isinstance(reply, AIMessageChunk):
        yield reply
    elif isinstance(reply, BaseException):
        yield AIMessageChunk(content="我")
        raise reply
    elif isinstance(reply, threading.Event):
        yield AIMessageChunk(content="等")
        _wait(reply)
        yield AIMessageChunk(content="到了")
    elif isinstance(reply, str):
        for character in reply:
            yield AIMessageChunk(content=character)
        if not reply:
            yield AIMessageChunk(content="")
    else:
        calls = reply if isinstance(reply, list) else [reply]
        for index, (name, arguments) in enumerate(calls):
            call_id = f"call-{id(reply)}-{index}"
            for part in (
                tool_call_chunk(name=name, args="", id=call_id, index=index),
                tool_call_chunk(args=arguments[:3], index=index),
                tool_call_chunk(args=arguments[3:], index=index),
            ):
                yield AIMessageChunk(content="", tool_call_chunks=[part])


def _wait(event: threading.Event) -> None:
    run = current_run.get()
    while not event.wait(0.01):
        if run is not None and run.cancel.is_set():
            raise Cancelled
