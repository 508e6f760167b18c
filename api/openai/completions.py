"""A run as a chat completion: one object, or its chunks as server-sent events.

https://platform.openai.com/docs/api-reference/chat/object and …/chat/streaming. What OpenAI's API
has no name for is the field `duomo` of the message, or of the last chunk that has a choice: the
steps and what they made.
"""

import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastapi import Request

from api.errors import status_of, view_of
from api.openai import errors
from api.openai.following import followed, outcome
from api.openai.telling import Delta, Telling
from api.streams import HEARTBEAT
from duomo.version import VERSION
from models.errors import DuomoError

if TYPE_CHECKING:
    from api.host import EngineHost
    from duomo.engine import Engine


@dataclass(frozen=True)
class Completion:
    """Of one run. `include_usage`: a last chunk tells the tokens."""

    host: "EngineHost"
    engine: "Engine"
    run_id: str
    model: str
    telling: Telling
    approve: bool = False
    include_usage: bool = False
    created: int = field(default_factory=lambda: int(time.time()))

    async def whole(self, request: Request) -> dict[str, Any]:
        """Raises the error that the run ended with, ApprovalNeeded, Cancelled."""
        deltas = await outcome(
            request, self.host, self.engine, self.run_id, self.telling, approve=self.approve
        )
        message = {**_message(deltas), "duomo": self.telling.extension()}
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": self.telling.finish_reason,
        }
        return {
            **self._head("chat.completion"),
            "choices": [choice],
            "usage": self.telling.usage,
        }

    async def streamed(self) -> AsyncIterator[bytes]:
        """What goes wrong comes as an event `{"error": …}`, as the status is long gone."""
        try:
            yield self._chunk({"role": "assistant", "content": ""})
            async with aclosing(self._deltas()) as deltas:
                async for delta in deltas:
                    yield HEARTBEAT if delta is None else self._chunk(delta)
        except DuomoError as error:
            yield _event(errors.body(status_of(error), view_of(error)))
            return
        yield self._chunk({}, self.telling.finish_reason, duomo=self.telling.extension())
        if self.include_usage:
            usage = {"choices": [], "usage": self.telling.usage}
            yield _event({**self._head("chat.completion.chunk"), **usage})
        yield b"data: [DONE]\n\n"

    async def _deltas(self) -> AsyncGenerator[Delta | None, None]:
        events = followed(self.host, self.engine, self.run_id, approve=self.approve)
        async with aclosing(events):
            async for stored in events:
                if stored is None:
                    yield None
                    continue
                for delta in self.telling.deltas(stored.event):
                    yield delta

    def _chunk(self, delta: Delta, finish_reason: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        usage = {"usage": None} if self.include_usage else {}
        head = self._head("chat.completion.chunk")
        return _event({**head, "choices": [choice], **usage, **more})

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{self.run_id}",
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": f"duomo-{VERSION}",
        }


def _message(deltas: Iterable[Delta]) -> dict[str, Any]:
    """What the deltas of a message add up to."""
    content, reasoning = "", ""
    calls: list[dict[str, Any]] = []
    for delta in deltas:
        content += delta.get("content", "")
        reasoning += delta.get("reasoning_content", "")
        for call in delta.get("tool_calls", ()):
            function = call["function"]
            if "id" in call:
                begun = {"id": call["id"], "type": "function", "function": dict(function)}
                calls.append(begun)
            else:
                calls[call["index"]]["function"]["arguments"] += function["arguments"]
    said = None if calls and not content else content
    message = {"role": "assistant", "content": said, "refusal": None}
    more = {"reasoning_content": reasoning, "tool_calls": calls}
    return {**message, **{key: value for key, value in more.items() if value}}


def _event(value: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()
