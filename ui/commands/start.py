"""`duomo` alone: engine and web page as two supervised processes, and the browser on the page."""

import os
import sys
import threading
import time
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from duomo.settings import Settings, load_settings
from models.errors import EngineUnavailable
from ui.commands.terminal import console, errors, show, text, told_plainly
from ui.engine import answers, engine_child, find_engine, wait_for_engine
from ui.supervise import Child, Supervisor, free_port, stop_on_signals

PAGE_SECONDS = 60.0
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (an address to reach, not to bind)


@dataclass(frozen=True)
class Site:
    """What is started and where a browser finds it. `engine` is None when one already runs."""

    settings: Settings
    engine: Child | None
    page: Child
    url: str


@told_plainly
def start(
    context: typer.Context,
    browser: Annotated[bool, typer.Option(help=text("help.browser"))] = True,
    port: Annotated[int | None, typer.Option(help=text("help.port"))] = None,
    ui_port: Annotated[int | None, typer.Option(help=text("help.ui_port"))] = None,
) -> None:
    if context.invoked_subcommand is None:
        site = _plan(load_settings(port=port, ui_port=ui_port))
        _run(site, browser=browser and _has_display())


def _plan(settings: Settings) -> Site:
    """Choose ports and put the two commands together."""
    ui_port = _port(settings.host, settings.ui_port, "start.ui_port_busy")
    running = find_engine(settings)
    if running is not None:
        show(text("start.reuse", url=running), "dim")
        return Site(settings, None, _page(settings, running, ui_port), _url(settings, ui_port))
    port = _port(settings.host, settings.port, "start.port_busy", avoid=(ui_port,))
    settings = settings.model_copy(update={"port": port})
    engine = engine_child(settings, port, ui_port)
    page = _page(settings, settings.base_url, ui_port)
    return Site(settings, engine, page, _url(settings, ui_port))


def _port(host: str, wanted: int, busy: str, avoid: Sequence[int] = ()) -> int:
    port = free_port(host, wanted, avoid)
    if port != wanted and wanted != 0:
        show(text(busy, wanted=wanted, port=port), "yellow")
    return port


def _page(settings: Settings, engine_url: str, ui_port: int) -> Child:
    told = {
        "DUOMO_HOME": str(settings.home),
        "DUOMO_UI_PORT": str(ui_port),
        "DUOMO_ENGINE_URL": engine_url,
        "MALLOC_ARENA_MAX": "2",  # glibc's arena a thread keeps what short-lived threads have freed
    }
    command = [sys.executable, "-m", "ui.web"]
    return Child("page", command, settings.home / "logs" / "ui.log", told)


def _url(settings: Settings, ui_port: int) -> str:
    host = _ANYWHERE.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{ui_port}"


def _run(site: Site, *, browser: bool) -> None:
    children = [child for child in (site.engine, site.page) if child is not None]
    supervisor = Supervisor(children, restarting)
    stop_on_signals(supervisor.stopping)
    supervisor.start()
    greeting = threading.Thread(target=_greet, args=(site, supervisor, browser), daemon=True)
    greeting.start()
    supervisor.run()
    show(text("start.bye"))


def _greet(site: Site, supervisor: Supervisor, browser: bool) -> None:
    """Say when it is up. Runs beside the supervisor, which restarts whatever dies meanwhile."""
    try:
        with console.status(text("start.starting")):
            _wait_for_page(site)
            if site.engine is not None:
                wait_for_engine(site.settings, site.engine)
    except EngineUnavailable as error:
        errors.print(error.message(text.locale), style="red", markup=False)
        supervisor.stopping.set()
        return
    console.print(text("start.up", url=site.url), style="bold green")
    show(text("start.how_to_stop"), "dim")
    if browser:
        webbrowser.open(site.url)


def _wait_for_page(site: Site) -> None:
    deadline = time.monotonic() + PAGE_SECONDS
    while time.monotonic() < deadline and site.page.alive:
        if answers(f"{site.url}/_stcore/health"):
            return
        time.sleep(0.1)
    raise EngineUnavailable(
        f"界面没有启动。日志：{site.page.log}\n{site.page.log_tail()}",
        f"The page did not start. Its log: {site.page.log}\n{site.page.log_tail()}",
    )


def restarting(child: Child, wait: float) -> None:
    if child.ended_as_asked:
        show(text(f"start.again_{child.name}"))
    else:
        told = text(f"start.restarting_{child.name}", seconds=f"{wait:.0f}")
        errors.print(told, style="yellow")


def _has_display() -> bool:
    if sys.platform in {"darwin", "win32"}:
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
