"""One tool, called for a caller who waits: its run, and what came of it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from api.host import EngineHost
from api.openai.following import outcome
from api.openai.telling import Telling

if TYPE_CHECKING:
    from duomo.engine import Engine
    from duomo.programs import File


def base_of(request: Request) -> str:
    """The address under which the caller knows this engine."""
    return str(request.base_url).rstrip("/")


async def called(
    request: Request,
    host: EngineHost,
    engine: "Engine",
    tool: str,
    arguments: Sequence[Mapping[str, Any]],
    files: "Sequence[File]" = (),
    *,
    fresh: bool = True,
) -> Telling:
    """Steps and artifacts of one run of `tool`, once for each of `arguments`.

    Raises NotFound (not in this profile), InvalidRequest, what the tool could not do, Cancelled.
    """
    run_id = await run_in_threadpool(engine.programs.call, tool, arguments, files, fresh=fresh)
    telling = Telling(base_of(request))
    await outcome(request, host, engine, run_id, telling)
    return telling
