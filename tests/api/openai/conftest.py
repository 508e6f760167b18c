"""The real starters behind real HTTP, asked by the client that everybody has."""

import base64
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from openai import OpenAI

import models
from api.app import Server, create_app
from duomo.engine import Engine
from duomo.settings import load_settings
from tests.fixtures.home import picture

STARTERS = Path(models.__file__).parent / "starter"
WEIGHTS = ("llm", "clip", "draw", "asr")
PROFILE = """
[whole]
budget_bytes = 2147483648
note = { zh = "测试", en = "test" }

[whole.roles]
llm = "starter-llm"
clip = "starter-clip"
ocr = "starter-ocr"
tts = "starter-tts"
asr = "starter-asr"
t2i = "starter-t2i"
edit = "starter-edit"
"""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not all(any((STARTERS / role).rglob("*.safetensors")) for role in WEIGHTS):
        pytest.skip("this checkout has no starter weights")
    home = tmp_path_factory.mktemp("openai") / "home"
    home.mkdir()
    (home / "profiles.toml").write_text(PROFILE, encoding="utf-8")
    settings = load_settings(home=home, profile="whole", device="cpu", port=0)
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(create_app(settings, lambda: Engine(settings)))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{listening.getsockname()[1]}"  # type: ignore[attr-defined]
    yield server
    server.should_exit = True
    thread.join(20)


@pytest.fixture
def url(server: Server) -> str:
    address: str = server.url  # type: ignore[attr-defined]
    return address


@pytest.fixture
def client(url: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{url}/v1", api_key="none", timeout=110, max_retries=0) as client:
        client.models.list()
        yield client


@pytest.fixture
def engine(server: Server, client: OpenAI) -> Engine:
    engine = server.host._built.result(60)
    assert engine.warmup.wait(100)
    engine.indexing.wait(60)  # the first run indexes the gallery
    return engine


def data_url(colour: str = "red") -> str:
    return f"data:image/png;base64,{base64.b64encode(picture(colour)).decode()}"
