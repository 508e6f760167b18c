"""`Client`: the engine over HTTP, one typed method per route.

    with Client("http://127.0.0.1:8765") as client:
        conversation = client.create_conversation()
        run = client.start_run(conversation.id, "帮我找几张有拱桥的图")
        transcript = fold(Transcript(), client.run_events(run.run_id))

Imports no torch. Event streams resume by themselves where a connection breaks. Errors are those
of `models.errors`: `EngineUnavailable` when nothing answers, else what the engine said.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Self, TypeVar
from urllib.parse import quote

import httpx
from httpx_sse import EventSource, ServerSentEvent, SSEError
from pydantic import BaseModel, ValidationError

from api.picture_client import CreationCalls, PictureCalls
from api.schemas import (
    About,
    ArtifactInfo,
    CacheView,
    ConversationList,
    ConversationView,
    DeviceView,
    ErrorBody,
    EventList,
    GalleryView,
    Health,
    HitList,
    HitView,
    IndexJob,
    IndexJobBody,
    LibraryView,
    ModelsView,
    PullBody,
    PullView,
    Readiness,
    RemovedView,
    RunView,
    Source,
    StartedRun,
    StoredEventView,
    UnreadableList,
    UnreadableView,
)
from api.settings_schemas import SettingsView
from api.transcript import Said, Step, Thinking, Transcript, Turn, fold, is_terminal
from api.turn_client import TurnCalls
from models.errors import DuomoError, EngineUnavailable, Locale, error_named

__all__ = [
    "Client",
    "Said",
    "Step",
    "StoredEventView",
    "Thinking",
    "Transcript",
    "Turn",
    "fold",
    "is_terminal",
]

DEFAULT_URL = "http://127.0.0.1:8765"
HEARTBEAT_SECONDS = 10.0
"""The engine writes to an idle event stream at least this often."""
SLOW_SECONDS = 600.0
"""A conversation full of files takes its time to be packed or checked."""
_BACKOFF_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)

View = TypeVar("View", bound=BaseModel)


class _NothingMore(Exception):
    """204 on an event stream: over for good, do not reconnect (WHATWG HTML, server-sent events)."""


class Client(PictureCalls, CreationCalls, TurnCalls):
    """Speaks to one engine. Threads may share a client.

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

    # Health

    def health(self) -> Health:
        return self._get(Health, "/healthz")

    def ready(self) -> Readiness:
        """What is warm and what is not; an engine that still loads is an answer, not an error."""
        response = self._send("GET", "/readyz", accept=(503,))
        return _view(Readiness, response)

    def wait_ready(self, timeout: float = 120.0) -> Readiness:
        """Blocks until the engine is ready or something stands in its way.

        Raises EngineUnavailable after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            readiness = self._ready_or_none()
            if readiness is not None and (readiness.ready or readiness.problems):
                return readiness
            time.sleep(0.1)
        raise EngineUnavailable(
            f"{timeout:.0f} 秒内引擎没有准备好。请运行 duomo doctor 查看原因。",
            f"The engine was not ready within {timeout:.0f} s. Run duomo doctor to see why.",
        )

    def _ready_or_none(self) -> Readiness | None:
        try:
            return self.ready()
        except EngineUnavailable:
            return None

    def about(self) -> About:
        return self._get(About, "/api/about")

    def device(self) -> DeviceView:
        return self._get(DeviceView, "/api/device")

    def cache(self) -> CacheView:
        """What tools remember of questions that were asked before."""
        return self._get(CacheView, "/api/cache")

    def clear_cache(self) -> CacheView:
        """Forgets all of it; what there was."""
        return _view(CacheView, self._send("DELETE", "/api/cache"))

    def settings(self) -> SettingsView:
        return self._get(SettingsView, "/api/settings")

    def change_settings(self, values: Mapping[str, Any]) -> SettingsView:
        """None: back to the default. They hold after a restart. Raises InvalidRequest."""
        response = self._send("PATCH", "/api/settings", json={"values": dict(values)})
        return _view(SettingsView, response)

    def restart(self) -> None:
        """Ends the engine, which its supervisor starts again; EngineUnavailable if it has none."""
        self._send("POST", "/api/restart")

    # Conversations and runs

    def conversations(self, source: Source = "person") -> tuple[ConversationView, ...]:
        """Newest first. Those of a `program` asked through `/v1`."""
        path = f"/api/conversations?source={source}"
        return self._get(ConversationList, path).conversations

    def delete_programs(self) -> None:
        """All conversations of programs."""
        self._send(
            "DELETE", "/api/conversations", params={"source": "program"}, timeout=SLOW_SECONDS
        )

    def create_conversation(self, title: str = "") -> ConversationView:
        return self._post(ConversationView, "/api/conversations", {"title": title})

    def conversation(self, conversation_id: str) -> ConversationView:
        return self._get(ConversationView, f"/api/conversations/{_part(conversation_id)}")

    def rename_conversation(self, conversation_id: str, title: str) -> ConversationView:
        path = f"/api/conversations/{_part(conversation_id)}"
        return _view(ConversationView, self._send("PATCH", path, json={"title": title}))

    def delete_conversation(self, conversation_id: str) -> None:
        self._send("DELETE", f"/api/conversations/{_part(conversation_id)}")

    def export_conversation(
        self, conversation_id: str, target: Path, locale: Locale = "zh-CN"
    ) -> None:
        """Writes all of it as a zip to `target`; the page in it speaks the language of `locale`."""
        path = f"/api/conversations/{_part(conversation_id)}/export"
        partial = target.with_name(f".{target.name}.part")
        try:
            with (
                self._stream("GET", path, params={"locale": locale}) as response,
                partial.open("wb") as file,
            ):
                for chunk in response.iter_bytes(1 << 20):
                    file.write(chunk)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    def import_conversation(self, source: Path | IO[bytes]) -> ConversationView:
        """A new conversation from such a zip; raises UnreadableMedia or MediaTooLarge."""
        if isinstance(source, Path):
            with source.open("rb") as file:
                return self.import_conversation(file)
        files = {"file": ("conversation.zip", source)}
        response = self._send(
            "POST", "/api/conversations/import", files=files, timeout=SLOW_SECONDS
        )
        return _view(ConversationView, response)

    def conversation_events(
        self, conversation_id: str, after: int = 0
    ) -> tuple[StoredEventView, ...]:
        """What is stored so far, past sequence number `after`."""
        path = f"/api/conversations/{_part(conversation_id)}/events"
        return self._get(EventList, path, params={"after": after}).events

    def transcript(self, conversation_id: str) -> Transcript:
        return fold(Transcript(), self.conversation_events(conversation_id))

    def start_run(
        self,
        conversation_id: str,
        text: str,
        attachments: Sequence[str] = (),
        *,
        fresh: bool = False,
    ) -> StartedRun:
        """One turn; `attachments` are SHA-256 of uploaded artifacts. Returns at once.

        `fresh`: no tool may answer from its cache.
        """
        path = f"/api/conversations/{_part(conversation_id)}/runs"
        body = {"text": text, "attachments": list(attachments), "fresh": fresh}
        return self._post(StartedRun, path, body)

    def run(self, run_id: str) -> RunView:
        return self._get(RunView, f"/api/runs/{_part(run_id)}")

    def cancel_run(self, run_id: str) -> RunView:
        return self._post(RunView, f"/api/runs/{_part(run_id)}/cancel")

    def answer_step(
        self, run_id: str, call_id: str, choice: str, arguments: Mapping[str, Any] | None = None
    ) -> RunView:
        """Decide on a step that waits: `approve`, `skip`, or `change` with new arguments.

        Raises AlreadyAnswered, NotFound, InvalidRequest.
        """
        path = f"/api/runs/{_part(run_id)}/steps/{_part(call_id)}/answer"
        given = None if arguments is None else dict(arguments)
        return self._post(RunView, path, {"choice": choice, "arguments": given})

    def rerun_step(
        self, conversation_id: str, call_id: str, arguments: Mapping[str, Any]
    ) -> StartedRun:
        """Carry a step that has ended out once more; `Turn.offered` then names what may follow."""
        path = f"/api/conversations/{_part(conversation_id)}/reruns"
        return self._post(StartedRun, path, {"call_id": call_id, "arguments": dict(arguments)})

    def rerun_dependants(self, run_id: str, call_ids: Sequence[str] | None = None) -> StartedRun:
        """Carry out what the rerun `run_id` offered, or those of it, with the new results."""
        path = f"/api/runs/{_part(run_id)}/dependants"
        chosen = None if call_ids is None else list(call_ids)
        return self._post(StartedRun, path, {"call_ids": chosen})

    def run_events(self, run_id: str, after: int = 0) -> Iterator[StoredEventView]:
        """Events of a run as they happen, from after a sequence number; ends with the run."""
        path = f"/api/runs/{_part(run_id)}/events"
        for stored in self._follow(path, after, lambda sse: _of_run(sse, run_id)):
            yield stored
            if is_terminal(stored.event):
                return

    def conversation_stream(
        self, conversation_id: str, after: int = 0
    ) -> Iterator[StoredEventView]:
        """Events of all runs of a conversation as they happen; never ends by itself."""
        path = f"/api/conversations/{_part(conversation_id)}/stream"
        return self._follow(path, after, _enveloped)

    # Artifacts

    def upload(self, source: Path | bytes | IO[bytes], name: str = "") -> ArtifactInfo:
        """Keeps a picture or sound; raises UnreadableMedia or MediaTooLarge."""
        if isinstance(source, Path):
            with source.open("rb") as file:
                return self.upload(file, name or source.name)
        response = self._send("POST", "/api/artifacts", files={"file": (name or "file", source)})
        return _view(ArtifactInfo, response)

    def artifact(self, sha256: str, *, visible_label: bool | None = None) -> bytes:
        """The file as it leaves the engine: pictures without GPS.

        `visible_label`: made content with the mark that people see or hear; None: as settings say.
        """
        params = {} if visible_label is None else {"visible_label": visible_label}
        return self._send("GET", f"/api/artifacts/{_part(sha256)}", params=params).content

    def artifact_info(self, sha256: str) -> ArtifactInfo:
        return self._get(ArtifactInfo, f"/api/artifacts/{_part(sha256)}/info")

    def thumbnail(self, sha256: str, size: int = 512) -> bytes:
        """A small picture whose longer side is at most `size` pixels."""
        path = f"/api/artifacts/{_part(sha256)}/thumbnail"
        return self._send("GET", path, params={"size": size}).content

    # Models

    def models(self) -> ModelsView:
        """Every model of the catalogue and what is here of it, and the profiles."""
        return self._get(ModelsView, "/api/models")

    def pull(
        self, names: Sequence[str] = (), *, profile: str | None = None, source: str | None = None
    ) -> PullView:
        """Starts to fetch models, and those of a profile; `source` auto, huggingface, modelscope.

        The one thing that makes the engine reach out of this machine.
        """
        body = {"names": list(names), "profile": profile, "source": source}
        return self._post(PullView, "/api/models/pull", body)

    def pull_job(self) -> PullView | None:
        """The pull that runs, or the last one that ran; None when there was none."""
        return self._get(PullBody, "/api/models/pull").job

    def cancel_pull(self) -> PullView | None:
        return self._post(PullBody, "/api/models/pull/cancel").job

    def remove_model(self, name: str) -> RemovedView:
        """Deletes what was pulled; of a registered folder only the entry goes."""
        return _view(RemovedView, self._send("DELETE", f"/api/models/{_part(name)}"))

    # Library

    def library(self) -> LibraryView:
        return self._get(LibraryView, "/api/library")

    def search_library(self, query: str, top_k: int = 12) -> tuple[HitView, ...]:
        params = {"q": query, "top_k": top_k}
        return self._get(HitList, "/api/library/search", params=params).hits

    def search_library_by_image(self, sha256: str, top_k: int = 12) -> tuple[HitView, ...]:
        """Pictures like an uploaded one; it is itself among them where the library has it."""
        params = {"image": sha256, "top_k": top_k}
        return self._get(HitList, "/api/library/similar", params=params).hits

    def library_thumbnail(self, image_id: int, size: int = 512) -> bytes:
        path = f"/api/library/images/{image_id}/thumbnail"
        return self._send("GET", path, params={"size": size}).content

    def index(self, folders: Sequence[Path | str]) -> IndexJob:
        """Starts to index folders of the engine's machine (absolute paths)."""
        body = {"folders": [str(folder) for folder in folders]}
        return self._post(IndexJob, "/api/library/index", body)

    def index_job(self) -> IndexJob | None:
        """The job that runs, or the last one that ran; None when there was none."""
        return self._get(IndexJobBody, "/api/library/index").job

    def cancel_index(self) -> IndexJob | None:
        return self._post(IndexJobBody, "/api/library/index/cancel").job

    def unreadable(self, limit: int = 100, offset: int = 0) -> tuple[UnreadableView, ...]:
        params = {"limit": limit, "offset": offset}
        return self._get(UnreadableList, "/api/library/unreadable", params=params).unreadable

    def gallery(self) -> GalleryView:
        return self._get(GalleryView, "/api/gallery")

    def gallery_thumbnail(self, file: str, size: int = 512) -> bytes:
        path = f"/api/gallery/{_part(file)}/thumbnail"
        return self._send("GET", path, params={"size": size}).content

    # The wire

    def _get(self, model: type[View], path: str, params: dict[str, Any] | None = None) -> View:
        return _view(model, self._send("GET", path, params=params))

    def _post(
        self, model: type[View], path: str, body: dict[str, Any] | None = None, **options: Any
    ) -> View:
        # Not a checked model: what is out of bounds, the engine says in words for people.
        return _view(model, self._send("POST", path, json=body, **options))

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


def _part(text: str) -> str:
    """One path segment: an id from outside never reaches another route."""
    return quote(text, safe="")


def _of_run(sse: ServerSentEvent, run_id: str) -> StoredEventView:
    """A run's stream carries bare AG-UI events; their number is the SSE id."""
    event = sse.json()
    created = event.get("timestamp", 0) / 1000
    return StoredEventView(seq=int(sse.id), run_id=run_id, created=created, event=event)


def _enveloped(sse: ServerSentEvent) -> StoredEventView:
    return StoredEventView.model_validate_json(sse.data)


def _view(model: type[View], response: httpx.Response) -> View:
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
