"""How the client speaks: requests, answers, event streams that resume, and typed errors."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
from httpx_sse import EventSource, ServerSentEvent, SSEError
from pydantic import BaseModel, ValidationError

from api.run_schemas import StoredEventView
from api.schemas import ErrorBody
from models.errors import DuomoError, EngineUnavailable, error_named

DEFAULT_URL = "http://127.0.0.1:8765"
HEARTBEAT_SECONDS = 10.0
"""The engine writes to an idle event stream at least this often."""
SLOW_SECONDS = 600.0
"""A conversation full of files takes its time to be packed or checked."""
_BACKOFF_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)

View = TypeVar("View", bound=BaseModel)


class _NothingMore(Exception):
    """204 on an event stream: over for good, do not reconnect (WHATWG HTML, server-sent events)."""


class Wire:
    """One engine over HTTP. Threads may share it.

    `timeout` bounds one answer in seconds; `patience` is how long a broken event stream is
    retried before `EngineUnavailable`.
    """

    def __init__(
        self, base_url: str = DEFAULT_URL, *, timeout: float = 30.0, patience: float = 30.0
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.patience = patience
        # A proxy from the environment must never see what goes to the own machine.
        self._http = httpx.Client(base_url=self.base_url, timeout=timeout, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _get(self, model: type[View], path: str, params: dict[str, Any] | None = None) -> View:
        return view_of(model, self._send("GET", path, params=params))

    def _post(
        self, model: type[View], path: str, body: dict[str, Any] | None = None, **options: Any
    ) -> View:
        # Not a checked model: what is out of bounds, the engine says in words for people.
        return view_of(model, self._send("POST", path, json=body, **options))

    def _send(
        self, method: str, path: str, *, accept: Sequence[int] = (), **options: Any
    ) -> httpx.Response:
        try:
            response = self._http.request(method, path, **options)
        except httpx.ReadTimeout as error:
            raise _too_slow(self.base_url) from error
        except httpx.TransportError as error:
            raise _unavailable(self.base_url) from error
        if response.is_error and response.status_code not in accept:
            raise error_of(response)
        return response

    @contextmanager
    def _stream(self, method: str, path: str, **options: Any) -> Iterator[httpx.Response]:
        """An answer that is read piece by piece."""
        try:
            with self._http.stream(method, path, timeout=SLOW_SECONDS, **options) as response:
                if response.is_error:
                    response.read()
                    raise error_of(response)
                yield response
        except httpx.ReadTimeout as error:
            raise _too_slow(self.base_url) from error
        except httpx.TransportError as error:
            raise _unavailable(self.base_url) from error

    def _follow(
        self, path: str, after: int, read: Callable[[ServerSentEvent], StoredEventView]
    ) -> Iterator[StoredEventView]:
        """Server-sent events past `after`; a broken connection resumes at the last one seen."""
        attempt, broken_since = 0, 0.0
        while True:
            try:
                for sse in self._events_once(path, after):
                    stored = read(sse)
                    attempt, after = 0, stored.seq
                    yield stored
            except _NothingMore:
                return
            except (httpx.TransportError, SSEError) as error:
                broken_since = broken_since if attempt else time.monotonic()
                if time.monotonic() - broken_since > self.patience:
                    raise _unavailable(self.base_url) from error
            time.sleep(_BACKOFF_SECONDS[min(attempt, len(_BACKOFF_SECONDS) - 1)])
            attempt += 1

    def _events_once(self, path: str, after: int) -> Iterator[ServerSentEvent]:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        timeout = httpx.Timeout(10.0, read=3 * HEARTBEAT_SECONDS)
        with self._http.stream("GET", path, headers=headers, timeout=timeout) as response:
            if response.is_error:
                response.read()
                raise error_of(response)
            if response.status_code == httpx.codes.NO_CONTENT:
                raise _NothingMore
            for sse in EventSource(response).iter_sse():
                if sse.data:
                    yield sse


def path_part(text: str) -> str:
    """One path segment: an id from outside never reaches another route."""
    return quote(text, safe="")


def of_run(sse: ServerSentEvent, run_id: str) -> StoredEventView:
    """A run's stream carries bare AG-UI events; their number is the SSE id."""
    event = sse.json()
    created = event.get("timestamp", 0) / 1000
    return StoredEventView(seq=int(sse.id), run_id=run_id, created=created, event=event)


def enveloped(sse: ServerSentEvent) -> StoredEventView:
    return StoredEventView.model_validate_json(sse.data)


def view_of(model: type[View], response: httpx.Response) -> View:
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        raise EngineUnavailable(
            f"{response.url} 上运行的不是本版本的多模引擎。请检查端口设置。",
            f"What answers at {response.url} is not this version's engine. Check the port.",
        ) from error


def _unavailable(base_url: str) -> EngineUnavailable:
    return EngineUnavailable(
        f"连不上引擎（{base_url}）。请先运行 duomo 或 duomo serve。",
        f"The engine at {base_url} does not answer. Start it with duomo or duomo serve.",
    )


def _too_slow(base_url: str) -> EngineUnavailable:
    return EngineUnavailable(
        f"引擎（{base_url}）太忙，没有及时回答。请稍后再试。",
        f"The engine at {base_url} is too busy to answer. Try again in a moment.",
    )


def error_of(response: httpx.Response) -> DuomoError:
    """The typed error that an engine's answer stands for."""
    try:
        told = ErrorBody.model_validate_json(response.content).error
    except ValidationError:
        status = response.status_code
        return EngineUnavailable(
            f"引擎回答了 HTTP {status}，看不出原因。请查看引擎的日志。",
            f"The engine answered HTTP {status} without a reason. See the engine's log.",
        )
    return error_named(told.code, told.zh, told.en)
