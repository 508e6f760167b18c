"""OpenAI's form: chat completions, by the agent with its tools or the language model alone."""

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from api import streams
from api.host import EngineDep, HostDep
from api.openai import messages, models
from api.openai.calling import base_of
from api.openai.chat_schemas import ChatRequest
from api.openai.completions import Completion
from api.openai.following import stop
from api.openai.media import MediaRules
from api.openai.telling import Telling

if TYPE_CHECKING:
    from duomo.engine import Engine

router = APIRouter(prefix="/v1", tags=["openai"])


@router.post("/chat/completions", summary="Ask", response_model=None)
async def chat(request: Request, host: HostDep, engine: EngineDep, body: ChatRequest) -> Response:
    """Stateless: the messages are all that is known. Hanging up stops the run."""
    models.view(body.model)
    run_id = await run_in_threadpool(_started, engine, body)
    completion = Completion(
        host,
        engine,
        run_id,
        body.model,
        Telling(base_of(request), bare=body.model == models.LANGUAGE_MODEL),
        approve=body.duomo is not None and body.duomo.approve,
        include_usage=body.stream_options is not None and body.stream_options.include_usage,
    )
    if not body.stream:
        return JSONResponse(await completion.whole(request))
    return StreamingResponse(
        completion.streamed(),
        media_type="text/event-stream",
        headers=streams.HEADERS,
        background=BackgroundTask(stop, engine, run_id),  # also where nobody read it
    )


def rules_of(engine: "Engine") -> MediaRules:
    return MediaRules(engine.settings.served_hosts, engine.settings.max_upload)


def _started(engine: "Engine", body: ChatRequest) -> str:
    messages.check_size(body)
    if body.model == models.LANGUAGE_MODEL:
        offered = () if body.tool_choice == "none" else body.tools or ()
        tools = [tool.model_dump() for tool in offered]
        return engine.programs.complete(messages.bare_of(body), tools, messages.options_of(body))
    instructions = messages.instructions_of(body.messages)
    talk = messages.talk_of(body, rules_of(engine))
    return engine.programs.talk(talk, messages.options_of(body, instructions))
