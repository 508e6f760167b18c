"""The engine behind the routes: built in a thread, so that HTTP answers from the first moment.

Importing torch and opening the library take seconds. Requests that need the engine wait for it;
`/healthz` does not.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request

from api.streams import Wakeups
from models.errors import DuomoError, EngineUnavailable

if TYPE_CHECKING:
    from duomo.engine import Engine

log = logging.getLogger(__name__)
BUILD_SECONDS = 20.0
"""How long a request waits for an engine that is being built; less than clients wait."""


class EngineHost:
    """Builds one engine in the background, hands it out, closes it."""

    def __init__(self, build: "Callable[[], Engine]") -> None:
        self._build = build
        self._built: Future[Engine] = Future()
        self._detach: Callable[[], None] = lambda: None
        self._closing = False
        self.wakeups: Wakeups

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self.wakeups = Wakeups(loop)
        threading.Thread(target=self._run, name="engine-build", daemon=True).start()

    def _run(self) -> None:
        try:
            engine = self._build()
            self._detach = self.wakeups.attach(engine.events)
            engine.start()
            if self._closing:
                engine.close()
        except DuomoError as error:
            log.error("the engine cannot start: %s", error)
            self._built.set_exception(error)
        except BaseException as error:
            self._built.set_exception(_broken())
            log.critical("the engine cannot start", exc_info=error)
        else:
            self._built.set_result(engine)

    async def engine(self) -> "Engine":
        """The engine, once it is there; the error that keeps it from starting."""
        waiting = asyncio.shield(asyncio.wrap_future(self._built))
        try:
            return await asyncio.wait_for(waiting, BUILD_SECONDS)
        except TimeoutError:
            raise EngineUnavailable(
                "引擎还在启动，请过一会儿再试。",
                "The engine is still starting. Try again in a moment.",
            ) from None

    def now(self) -> "Engine | None":
        """The engine if it is built by now. Raises what keeps it from starting."""
        return self._built.result() if self._built.done() else None

    def close(self) -> None:
        """Close what was built. A build in progress closes its engine itself when it is done."""
        self._closing = True
        if self._built.done() and self._built.exception() is None:
            self._detach()
            self._built.result().close()


def _broken() -> EngineUnavailable:
    return EngineUnavailable(
        "引擎启动失败。原因在引擎日志里，也可以运行 duomo doctor 检查。",
        "The engine failed to start. See its log, or run duomo doctor.",
    )


def host_of(request: Request) -> EngineHost:
    host = request.app.state.host
    assert isinstance(host, EngineHost)
    return host


async def _engine_of(request: Request) -> Any:
    return await host_of(request).engine()


if TYPE_CHECKING:
    EngineDep = Annotated[Engine, Depends(_engine_of)]
else:  # what a route declares; the type itself would import torch before HTTP answers
    EngineDep = Annotated[Any, Depends(_engine_of)]
HostDep = Annotated[EngineHost, Depends(host_of)]
