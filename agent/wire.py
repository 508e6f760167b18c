"""Speaks to an OpenAI-compatible server: one streamed request that a stop flag can end at any time.

The only connection that this package opens, and only to the address that the person wrote into the
settings. Redirects are refused: a conversation goes nowhere else.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr

from agent.wire_errors import ContextTooLong, not_understood, told
from models.errors import Cancelled, DuomoError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = ["ContextTooLong", "Endpoint", "Wire"]

STOP_SECONDS = 0.1  # how often a waiting reader looks at its stop flag
CONNECT_SECONDS = 10.0
RETRIES = 1  # of what failed before anything came back; the library minds Retry-After
_DROPPED_HEADERS = ("x-stainless-", "openai-")  # the library's fingerprint of this machine


@dataclass(frozen=True)
class Endpoint:
    """Where the model is. `timeout`: seconds without a byte before the server counts as gone."""

    url: str
    model: str
    key: SecretStr | None = None
    timeout: float = 120.0

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


class _Part(BaseModel):
    """What a server says, as far as it is used; everything else is passed over."""


class FunctionDelta(_Part):
    name: str | None = None
    arguments: str | None = None


class CallDelta(_Part):
    index: int | None = None
    id: str | None = None
    function: FunctionDelta = FunctionDelta()


class Delta(_Part):
    """`reasoning_content` (DeepSeek, vLLM, SGLang, llama.cpp) is `reasoning` elsewhere (Ollama)."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[CallDelta] | None = None


class Choice(_Part):
    delta: Delta = Delta()
    finish_reason: str | None = None


class TokenDetails(_Part):
    cached_tokens: int | None = None


class Usage(_Part):
    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)
    prompt_tokens_details: TokenDetails | None = None


class Completion(_Part):
    """One chunk of a streamed chat completion."""

    choices: list[Choice] = []
    usage: Usage | None = None


class _Done:
    """The stream came to its end."""


_Item = Completion | Exception | _Done


class Wire:
    """Thread-safe; the client lives on an event loop of its own, where a request can be ended
    while it connects, waits or reads. Opened with the first request."""

    def __init__(self, endpoint: Endpoint, *, is_local: bool) -> None:
        """`is_local`: on this machine, where no proxy of the environment is asked."""
        self.endpoint = endpoint
        self._is_local = is_local
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def stream(
        self, body: dict[str, Any], cancel: threading.Event | None = None
    ) -> Iterator[Completion]:
        """The chunks of one completion. Leaving the iterator closes the connection.

        Raises EndpointError and its kinds, ContextTooLong, Cancelled.
        """
        items: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        came = 0
        request = self._submit(self._pump({**body, "model": self.endpoint.model}, items.put))
        try:
            while not isinstance(item := _next(items, cancel), _Done):
                if isinstance(item, Exception):
                    raise self._told(item) from item
                came += 1
                yield item
            if not came:  # a page, or JSON that is no stream
                raise not_understood(self.endpoint.host)
        finally:
            request.cancel()

    def models(self) -> list[str]:
        """The names that the server offers. Raises EndpointError and its kinds."""
        try:
            names: list[str] = self._submit(self._names()).result()
        except Exception as error:  # whatever the client raises becomes one of ours, or goes on
            raise self._told(error) from error
        return names

    def close(self) -> None:
        """End the loop and its connections; the next request would open them again."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            asyncio.run_coroutine_threadsafe(self._close_client(), loop).result(CONNECT_SECONDS)
            loop.call_soon_threadsafe(loop.stop)

    def _submit(self, request: Any) -> "Future[Any]":
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(
                    target=self._loop.run_forever, name="endpoint", daemon=True
                ).start()
            return asyncio.run_coroutine_threadsafe(request, self._loop)

    async def _pump(self, body: dict[str, Any], put: Callable[[_Item], None]) -> None:
        """Every end of this coroutine but its cancellation reaches the reader."""
        from openai import AsyncStream

        try:
            stream = await self._client.post(
                "/chat/completions",
                cast_to=object,
                body=body,
                stream=True,
                stream_cls=AsyncStream[object],
            )
            async with stream:
                async for chunk in stream:
                    put(Completion.model_validate(chunk))
            put(_Done())
        except Exception as error:  # goes to the thread that reads, which raises it
            put(error)

    async def _names(self) -> list[str]:
        listed = await self._client.get("/models", cast_to=object)
        return [entry.id for entry in _Models.model_validate(listed).data]

    async def _close_client(self) -> None:
        if "_client" in self.__dict__:
            await self.__dict__.pop("_client").close()

    @cached_property
    def _client(self) -> "AsyncOpenAI":
        # Imported late: it takes most of a second, and most people have no such server.
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

        key = self.endpoint.key.get_secret_value() if self.endpoint.key else ""
        timeout = Timeout(self.endpoint.timeout, connect=CONNECT_SECONDS)
        return AsyncOpenAI(
            api_key=key or "none",
            base_url=self.endpoint.url,
            timeout=timeout,
            max_retries=RETRIES,
            http_client=DefaultAsyncHttpxClient(
                follow_redirects=False,
                trust_env=not self._is_local,
                timeout=timeout,
                event_hooks={"request": [self._only_what_is_needed]},
            ),
        )

    async def _only_what_is_needed(self, request: Any) -> None:
        for name in list(request.headers):
            if name.lower().startswith(_DROPPED_HEADERS):
                del request.headers[name]
        if self.endpoint.key is None:
            del request.headers["authorization"]

    def _told(self, error: Exception) -> DuomoError:
        secret = self.endpoint.key.get_secret_value() if self.endpoint.key else ""
        return told(error, self.endpoint.host, self.endpoint.model, secret)


class _ModelEntry(_Part):
    id: str


class _Models(_Part):
    data: list[_ModelEntry]


def _next(items: "queue.SimpleQueue[_Item]", cancel: threading.Event | None) -> _Item:
    while True:
        if cancel is not None and cancel.is_set():
            raise Cancelled
        try:
            return items.get(timeout=STOP_SECONDS)
        except queue.Empty:
            continue
