"""Find the engine of a data directory over HTTP, or run one for as long as it is needed."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from api.client import Client
from duomo.home import home_id, running_engine
from duomo.settings import Settings
from models.errors import EngineUnavailable
from ui.supervise import Child

START_SECONDS = 120.0
"""A cold disk and a slow machine import torch in less."""


def find_engine(settings: Settings) -> str | None:
    """The URL of the engine that serves this data directory, if one answers."""
    candidates = (running_engine(settings.home), settings.base_url)
    return next((url for url in candidates if url and _serves(url, settings.home)), None)


def _serves(url: str, home: Path) -> bool:
    try:
        with Client(url, timeout=3.0) as client:
            return client.health().home_id == home_id(home)
    except (EngineUnavailable, httpx.InvalidURL):
        return False


def answers(url: str) -> bool:
    """Whether a GET of `url` succeeds. A proxy of the environment is not asked."""
    try:
        return httpx.get(url, trust_env=False, timeout=3.0).is_success
    except httpx.TransportError:
        return False


@contextmanager
def connect(settings: Settings, started: Callable[[], None]) -> Iterator[Client]:
    """A client of the running engine, or of one that is started for this and stopped after.

    `started` is called when one has to be started. Raises EngineUnavailable when it can't.
    """
    url = find_engine(settings)
    if url is not None:
        with Client(url) as client:
            yield client
        return
    started()
    child = engine_child(settings, port=0)
    child.start()
    try:
        with Client(wait_for_engine(settings, child)) as client:
            yield client
    finally:
        child.stop()


def engine_child(settings: Settings, port: int, ui_port: int | None = None) -> Child:
    """The engine as a child process that writes its log into the data directory."""
    command = [sys.executable, "-m", "ui.cli", "serve", "--port", str(port)]
    told = {"DUOMO_HOME": str(settings.home), "DUOMO_UI_PORT": str(ui_port or settings.ui_port)}
    return Child("engine", command, settings.home / "logs" / "engine.log", told)


def wait_for_engine(settings: Settings, child: Child, seconds: float = START_SECONDS) -> str:
    """The URL of the engine once it answers; EngineUnavailable if it ends first."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and child.alive:
        url = running_engine(settings.home)
        if url and _serves(url, settings.home):
            return url
        time.sleep(0.1)
    raise _did_not_start(child)


def _did_not_start(child: Child) -> EngineUnavailable:
    tail = child.log_tail()
    return EngineUnavailable(
        f"引擎没有启动。日志：{child.log}\n{tail}".rstrip(),
        f"The engine did not start. Its log: {child.log}\n{tail}".rstrip(),
    )
