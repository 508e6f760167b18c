"""Follows a run for a caller who waits on one connection: to its end, or until they hang up.

Whoever hangs up has stopped the run: a stateless caller has no other way, and nobody else waits.
"""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from api import streams
from api.host import EngineHost
from api.openai.telling import Telling
from duomo.approving import asking, needs_approval
from models.errors import Cancelled, EngineUnavailable, NotFound

if TYPE_CHECKING:
    from agent.events import StoredEvent
    from duomo.engine import Engine

T = TypeVar("T")


async def followed(
    host: EngineHost, engine: "Engine", run_id: str, *, approve: bool = False
) -> "AsyncGenerator[StoredEvent | None, None]":
    """The events of a run to its end; None now and then while nothing happens.

    `approve`: steps that ask first go ahead; else the run is stopped at the first. Raises
    ApprovalNeeded, EngineUnavailable (it is being shut down), Cancelled (the run was deleted).
    """
    try:
        read = streams.of_run(engine.events, run_id)
        async for batch in streams.batches(host.wakeups, run_id, read):
            for stored in batch:
                if (call_id := asking(stored)) is not None:
                    if not approve:
                        raise needs_approval()
                    await run_in_threadpool(engine.approvals.answer, run_id, call_id, "approve")
                yield stored
                if stored.ends_run:
                    return
            if not batch:
                yield None
        raise _shutting_down() if host.wakeups.stopping else Cancelled()
    finally:
        stop(engine, run_id)


def stop(engine: "Engine", run_id: str) -> None:
    """Nothing where it has ended, or was deleted meanwhile."""
    with suppress(NotFound):
        engine.runs.cancel(run_id)


def _shutting_down() -> EngineUnavailable:
    return EngineUnavailable(
        "引擎正在关闭，这一次没有做完。", "The engine is shutting down; this was not finished."
    )


async def told(
    host: EngineHost, engine: "Engine", run_id: str, telling: Telling, *, approve: bool = False
) -> list[dict[str, Any]]:
    """All deltas of a run. Raises the error that it ended with."""
    deltas: list[dict[str, Any]] = []
    async with aclosing(followed(host, engine, run_id, approve=approve)) as events:
        async for stored in events:
            if stored is not None:
                deltas += telling.deltas(stored.event)
    return deltas


async def outcome(
    request: Request,
    host: EngineHost,
    engine: "Engine",
    run_id: str,
    telling: Telling,
    *,
    approve: bool = False,
) -> list[dict[str, Any]]:
    """The same for a caller who may hang up."""
    try:
        return await unless_gone(request, told(host, engine, run_id, telling, approve=approve))
    finally:
        stop(engine, run_id)  # also where it was never followed


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """`work`'s result; it is cancelled when the caller hangs up. Raises Cancelled then."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_hung_up(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Cancelled
        return working.result()
    finally:
        for task in (working, leaving):
            task.cancel()


async def _hung_up(request: Request) -> None:
    """Ends when the caller is gone. The body has been read, so nothing else can come."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
