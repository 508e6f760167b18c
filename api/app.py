"""The HTTP engine: `create_app` puts the routes together, `serve` runs them until a signal."""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from api import errors
from api.guard import Guard
from api.host import EngineHost
from api.routes import ROUTERS
from api.schemas import ErrorBody
from duomo.home import HomeClaim, claim_home
from duomo.settings import Settings
from duomo.version import VERSION
from models.errors import EngineUnavailable

if TYPE_CHECKING:
    from duomo.engine import Engine

SWITCH_SECONDS = 0.0005
"""How long a thread may wait for the interpreter. A token takes a hundred short steps, and each
would wait Python's own 5 ms while another thread imports something large."""

KEEP_ALIVE_SECONDS = 75
"""An unused connection is kept for longer than clients keep theirs (httpx, which openai-python and
LangChain use, 5 s), as nginx does: closed by us first, it may meet a request on its way."""
SHUTDOWN_SECONDS = 3
"""How long answers in progress may take to finish once the engine is told to stop."""


def create_app(settings: Settings, build: "Callable[[], Engine]") -> FastAPI:
    """The application. `build` makes the engine; it is called in a thread when the app starts."""
    app = FastAPI(
        title="Duomo 多模",
        version=VERSION,
        summary="A private Chinese multimodal assistant for one GPU",
        # The bundled pages load scripts from a public network: nothing may leave the machine.
        docs_url=None,
        redoc_url=None,
        responses={"4XX": {"model": ErrorBody}, "5XX": {"model": ErrorBody}},
        lifespan=_lifespan,
    )
    app.state.settings = settings
    app.state.restart = None  # set where somebody starts the engine again
    app.state.host = EngineHost(build)
    for router in ROUTERS:
        app.include_router(router)
    errors.install(app)
    app.add_middleware(
        Guard,
        hosts=settings.served_hosts,
        ui_port=settings.ui_port,
        max_upload_bytes=settings.max_upload,
    )
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    host: EngineHost = app.state.host
    host.start(asyncio.get_running_loop())
    yield
    host.wakeups.stop()
    await run_in_threadpool(host.close)


class Server(uvicorn.Server):
    """uvicorn that ends open event streams first: a stop does not wait for their readers."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_level=logging.WARNING,
                access_log=False,
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            )
        )
        self.host: EngineHost = app.state.host

    def end(self) -> None:
        """Stop as on a signal."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.host.wakeups.stop()
        await super().shutdown(sockets)


def serve(
    settings: Settings, *, announce: Callable[[str], None] = print, supervised: bool = False
) -> None:
    """Run the engine in this process until SIGINT or SIGTERM.

    `announce` gets the URL once the port is open (port 0 takes a free one). `supervised`: somebody
    starts the engine again when it ends, so that it may be asked to. Raises EngineUnavailable when
    the data directory or the port is taken.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    with claim_home(settings.home) as claim, _listen(settings) as listening:
        url = _url(settings, listening)
        claim.serving_at(url)
        announce(url)
        app = create_app(settings, partial(_build, settings, claim))
        server = Server(app)
        app.state.restart = server.end if supervised else None
        with _signals_only_stop():
            server.run(sockets=[listening])


@contextmanager
def _signals_only_stop() -> Iterator[None]:
    """uvicorn raises a signal again once it has stopped; we have still to let go of the home."""
    before = {number: signal.signal(number, _ignore) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore(_number: int, _frame: FrameType | None) -> None: ...


def _build(settings: Settings, claim: HomeClaim) -> "Engine":
    from duomo.engine import Engine

    return Engine(settings, claim=claim)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is said; left on, it holds small
    # answers back until the other side acknowledges, 40 ms later.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise EngineUnavailable(
            f"{settings.host}:{settings.port} 用不了（{error.strerror}）。"
            "请关掉占用它的程序，或换一个端口（--port，或设置 port）。",
            f"Cannot listen on {settings.host}:{settings.port} ({error.strerror}). "
            "Stop what uses it, or choose another port (--port, or the setting port).",
        ) from error
    listening.listen(128)
    return listening


def _url(settings: Settings, listening: socket.socket) -> str:
    return settings.model_copy(update={"port": listening.getsockname()[1]}).base_url
