"""A real engine behind real HTTP: tiny CLIP weights, real tools, scripted words."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from api.app import Server, create_app
from api.client import Client
from duomo.engine import Engine
from duomo.samples import Gallery
from duomo.settings import Settings, load_settings
from tests.agent.scripted import ScriptedModel
from tests.fixtures import tiny

CATALOG = """
name = "tiny-clip"
role = "clip"
loader = "models.roles.clip:ClipModel"
licence = "Apache-2.0"
languages = ["zh"]
"""
PROFILES = """
[tiny]
budget_bytes = 268435456
note = { zh = "测试", en = "test" }
roles = { clip = "tiny-clip" }
"""


def picture(colour: str = "red", size: tuple[int, int] = (64, 48), form: str = "PNG") -> bytes:
    data = BytesIO()
    Image.new("RGB", size, colour).save(data, form)
    return data.getvalue()


@pytest.fixture(scope="session")
def clip_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_clip(tmp_path_factory.mktemp("weights") / "tiny-clip")


@pytest.fixture
def settings(tmp_path: Path, clip_weights: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"DUOMO_{name.upper()}", raising=False)
    home = tmp_path / "home"
    for folder in ("catalog", "checkpoints"):
        (home / folder).mkdir(parents=True)
    (home / "catalog" / "tiny-clip.toml").write_text(CATALOG)
    (home / "profiles.toml").write_text(PROFILES, encoding="utf-8")
    (home / "checkpoints" / "tiny-clip").symlink_to(clip_weights)
    return load_settings(home=home, profile="tiny", device="cpu", port=0, max_upload="1MiB")


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
