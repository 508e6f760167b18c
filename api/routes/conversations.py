"""Conversations and their stored events."""

from contextlib import suppress
from pathlib import Path
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from api import streams
from api.folding import fold
from api.host import EngineDep, HostDep
from api.markdown import as_page, page_name
from api.routes.runs import After, LastEventId, resume_point
from api.run_schemas import (
    ConversationList,
    ConversationTitle,
    ConversationView,
    EventList,
    NewConversation,
    Source,
)
from api.transcript import Transcript
from api.uploads import UPLOAD, uploaded
from api.views import conversation_view
from api.zipped import zipped
from models.errors import Locale, NotFound

router = APIRouter(prefix="/api/conversations", tags=["conversations"])


@router.get("", summary="Conversations, the last used first")
def conversations(engine: EngineDep, source: Source = "person") -> ConversationList:
    """Those of programs, which ask through `/v1`, are told only when asked for."""
    found = engine.events.conversations.list(source)
    return ConversationList(conversations=tuple(map(conversation_view, found)))


@router.post("", status_code=201, summary="Begin a conversation")
def create(engine: EngineDep, body: NewConversation) -> ConversationView:
    return conversation_view(engine.events.conversations.create(body.title.strip()))


@router.delete("", status_code=204, summary="Delete all that programs asked, for good")
def delete_programs(engine: EngineDep, source: Literal["program"]) -> None:
    """With the files that nothing else needs, as when one conversation is deleted."""
    for conversation in engine.events.conversations.list(source):
        with suppress(NotFound):  # somebody else was faster
            engine.runs.forget(conversation.id)


@router.get("/{conversation_id}", summary="One conversation")
def conversation(engine: EngineDep, conversation_id: str) -> ConversationView:
    return conversation_view(engine.events.conversations.get(conversation_id))


@router.patch("/{conversation_id}", summary="Rename")
def rename(engine: EngineDep, conversation_id: str, body: ConversationTitle) -> ConversationView:
    return conversation_view(engine.events.conversations.rename(conversation_id, body.title))


@router.delete("/{conversation_id}", status_code=204, summary="Delete for good")
def delete(engine: EngineDep, conversation_id: str) -> None:
    """Stops its runs, then drops its words, its events, and the files that nothing else needs."""
    engine.runs.forget(conversation_id)


@router.get("/{conversation_id}/export", summary="All of it as a zip", response_class=FileResponse)
def export(engine: EngineDep, conversation_id: str, locale: Locale = "zh-CN") -> Response:
    """A Markdown page, the files as they leave, and what brings the conversation back whole."""
    # Imported late, like all that the engine consists of: the server answers before that.
    from tools.files import safe_name

    title = engine.events.conversations.get(conversation_id).title
    page = _page(engine, conversation_id, title, locale)
    name = safe_name(title or Path(page[0]).stem, "application/zip")

    def write(target: Path) -> None:
        with target.open("wb") as file:
            engine.export_conversation(conversation_id, file, page)

    return zipped(engine, name, write)


def _page(engine: EngineDep, conversation_id: str, title: str, locale: Locale) -> tuple[str, str]:
    from duomo.exporting import bundled_paths

    stored = engine.events.replay(conversation_id=conversation_id)
    transcript = fold(Transcript(), map(streams.stored_view, stored))
    paths = bundled_paths(engine.artifacts.handles(conversation_id))
    titles = {
        tool.name: tool.title_en if locale == "en" else tool.title_zh
        for tool in engine.tools.values()
    }
    return page_name(locale), as_page(title, transcript, paths, titles, locale)


@router.post("/import", status_code=201, summary="Bring back an exported zip", openapi_extra=UPLOAD)
async def import_(request: Request, engine: EngineDep) -> ConversationView:
    """As a new conversation: turns, steps, files with their lineage and handles, the memory."""
    async with uploaded(request, engine.incoming_dir) as (file, _):
        return conversation_view(await run_in_threadpool(engine.import_conversation, file))


@router.get("/{conversation_id}/events", summary="Stored events")
def events(engine: EngineDep, conversation_id: str, after: After = 0) -> EventList:
    engine.events.conversations.get(conversation_id)
    found = engine.events.replay(conversation_id=conversation_id, after=after)
    return EventList(events=tuple(map(streams.stored_view, found)))


@router.get("/{conversation_id}/stream", summary="Events of all its runs (SSE), without end")
async def stream(
    host: HostDep,
    engine: EngineDep,
    conversation_id: str,
    after: After = 0,
    last_event_id: LastEventId = None,
) -> Response:
    """Each event comes with its run: `{"seq", "runId", "created", "event"}`."""
    await run_in_threadpool(engine.events.conversations.get, conversation_id)
    body = streams.follow(
        host.wakeups,
        conversation_id,
        streams.of_conversation(engine.events, conversation_id),
        streams.enveloped,
        resume_point(after, last_event_id),
    )
    return StreamingResponse(body, media_type="text/event-stream", headers=streams.HEADERS)
