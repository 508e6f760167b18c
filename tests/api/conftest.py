"""A real engine behind real HTTP: tiny CLIP weights, real tools, scripted words."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.app import Server, create_app
from api.client import Client
from duomo.engine import Engine
from duomo.samples import Gallery
from duomo.settings import Settings
from tests.agent.scripted import ScriptedModel
from tests.fixtures.home import clip_weights, settings

__all__ = ["clip_weights", "settings"]


@dataclass
class Running:
    """A server on a free port of this process, and a client of it."""

    client: Client
    server: Server
    model: ScriptedModel
    settings: Settings
    thread: threading.Thread

    @property
    def url(self) -> str:
        return self.client.base_url

    @property
    def engine(self) -> Engine:
        engine = self.server.host.now()
        assert engine is not None
        return engine

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(20)


Serve = Callable[..., Running]


@pytest.fixture
def serve(settings: Settings, tmp_path: Path) -> Iterator[Serve]:
    """Starts an engine whose language model says `replies`."""
    started: list[Running] = []

    def start(*replies: Any, build: Callable[[], Engine] | None = None, **changes: Any) -> Running:
        chosen = settings.model_copy(update=changes)
        model = ScriptedModel(replies=list(replies))
        gallery = Gallery(tmp_path / "no-gallery")
        make = build or (lambda: Engine(chosen, chat_model=model, gallery=gallery))
        listening = socket.create_server(("127.0.0.1", 0))
        server = Server(create_app(chosen, make))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        client = Client(f"http://127.0.0.1:{listening.getsockname()[1]}", patience=5.0)
        started.append(Running(client, server, model, chosen, thread))
        return started[-1]

    yield start
    for running in started:
        running.stop()
        running.client.close()


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()
