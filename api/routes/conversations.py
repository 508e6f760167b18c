"""Conversations and their stored events."""

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from api import streams
from api.host import EngineDep, HostDep
from api.routes.runs import After, LastEventId, resume_point
from api.schemas import (
    ConversationList,
    ConversationTitle,
    ConversationView,
    EventList,
    NewConversation,
)
from api.views import conversation_view

router = APIRouter(prefix="/api/conversations", tags=["conversations"])


@router.get("", summary="All conversations, the last used first")
def conversations(engine: EngineDep) -> ConversationList:
    found = engine.events.conversations.list()
    return ConversationList(conversations=tuple(map(conversation_view, found)))


@router.post("", status_code=201, summary="Begin a conversation")
def create(engine: EngineDep, body: NewConversation) -> ConversationView:
    return conversation_view(engine.events.conversations.create(body.title.strip()))


@router.get("/{conversation_id}", summary="One conversation")
def conversation(engine: EngineDep, conversation_id: str) -> ConversationView:
    return conversation_view(engine.events.conversations.get(conversation_id))


@router.patch("/{conversation_id}", summary="Rename")
def rename(engine: EngineDep, conversation_id: str, body: ConversationTitle) -> ConversationView:
    return conversation_view(engine.events.conversations.rename(conversation_id, body.title))


@router.delete("/{conversation_id}", status_code=204, summary="Delete for good")
def delete(engine: EngineDep, conversation_id: str) -> None:
    """Stops its runs, then drops its words and events. Pictures stay in the artifact store."""
    engine.runs.forget(conversation_id)


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
