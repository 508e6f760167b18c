"""Runs: one turn each, followed by its events."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from api import streams
from api.host import EngineDep, HostDep
from api.run_schemas import NewRun, RunView, StartedRun
from api.views import run_view

router = APIRouter(prefix="/api", tags=["runs"])

After = Annotated[int, Query(ge=0, description="Events past this sequence number")]
LastEventId = Annotated[str | None, Header(description="As a browser sends it when reconnecting")]


def resume_point(after: int, last_event_id: str | None) -> int:
    """Where to go on: the number the reader has seen, whichever way it says so."""
    if last_event_id is not None and last_event_id.isascii() and last_event_id.isdigit():
        return max(after, int(last_event_id[:18]))
    return after


@router.post("/conversations/{conversation_id}/runs", status_code=202, summary="Ask")
def start_run(engine: EngineDep, conversation_id: str, body: NewRun) -> StartedRun:
    run_id = engine.runs.start(conversation_id, body.text, body.attachments, fresh=body.fresh)
    return StartedRun(run_id=run_id, conversation_id=conversation_id)


@router.get("/runs/{run_id}", summary="State of a run")
def run(engine: EngineDep, run_id: str) -> RunView:
    return run_view(engine.runs.get(run_id))


@router.post("/runs/{run_id}/cancel", summary="Stop a run")
def cancel_run(engine: EngineDep, run_id: str) -> RunView:
    """Returns at once; the run ends with its terminal event. Stopping an ended run does nothing."""
    engine.runs.cancel(run_id)
    return run_view(engine.runs.get(run_id))


@router.get("/runs/{run_id}/events", summary="Events of a run (SSE), to its end")
async def run_events(
    host: HostDep,
    engine: EngineDep,
    run_id: str,
    after: After = 0,
    last_event_id: LastEventId = None,
) -> Response:
    """AG-UI 1.0 events; `id` is the sequence number. 204 when there is nothing more to come."""
    await run_in_threadpool(engine.runs.get, run_id)
    read, start = streams.of_run(engine.events, run_id), resume_point(after, last_event_id)
    if await run_in_threadpool(read, start) is None:
        return Response(status_code=204)
    body = streams.follow(host.wakeups, run_id, read, streams.bare, start)
    return StreamingResponse(body, media_type="text/event-stream", headers=streams.HEADERS)
