"""Nothing leaves the machine: seen from the sockets of the process itself."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from duomo.engine import Engine
from duomo.samples import Gallery
from duomo.settings import Settings
from tests.duomo.conftest import MakeEngine
from tests.fixtures.chat_server import serving, words

LOCAL = {"127.0.0.1", "::1", "localhost"}
asked: list[str] = []
watching = False


def hook(event: str, arguments: tuple[object, ...]) -> None:
    """Audit hooks cannot be taken off again: this one listens only while `watching`."""
    if watching and event == "socket.connect" and isinstance(arguments[1], tuple):
        asked.append(str(arguments[1][0]))
    if watching and event == "socket.getaddrinfo":
        asked.append(str(arguments[0]))


def test_indexing_searching_and_asking_connect_to_nobody(
    make_engine: MakeEngine, folder: Path
) -> None:
    global watching  # noqa: PLW0603
    sys.addaudithook(hook)
    watching = True
    try:
        engine = make_engine(("search_images", '{"query": "桥"}'), "好了。")
        engine.warmup.wait()
        engine.indexing.start([folder])
        engine.indexing.wait()
        engine.ask("找桥", [folder / "red.png"])
    finally:
        watching = False
    assert set(asked) <= LOCAL


def test_the_hub_is_switched_off_before_its_library_loads() -> None:
    program = (
        "import models\n"
        "from huggingface_hub import constants\n"
        "assert constants.HF_HUB_OFFLINE and constants.HF_HUB_DISABLE_TELEMETRY\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it; what it shows as text is no import."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_nothing_but_fetching_can_speak_to_the_outside() -> None:
    """Every other client is bound to the own machine (the one of the engine, and its finder), or
    to the one server that a person named in the settings for the language model."""
    root = Path(__file__).parents[2]
    speakers = re.compile(
        r"(?:httpx2?|requests|urllib\.request|urllib3|aiohttp|http\.client|openai|websockets?)\b"
    )
    packages = ("models", "retrieval", "tools", "agent", "duomo", "api", "ui")
    found = {
        path.relative_to(root).as_posix()
        for package in packages
        for path in (root / package).rglob("*.py")
        if any(map(speakers.match, imported(path)))
    }
    local = {"api/wire.py", "api/turn_client.py", "ui/engine.py"}
    named = {"agent/wire.py", "agent/wire_errors.py"}
    assert {path for path in found if not path.startswith("models/fetching/")} == local | named


def test_a_server_named_in_the_settings_is_the_only_one_that_hears_a_question(
    settings: Settings,
) -> None:
    global watching  # noqa: PLW0603
    sys.addaudithook(hook)
    with serving(words("好了。")) as server:
        chosen = settings.model_copy(update={"llm_url": server.url, "llm_model": "tiny"})
        with Engine(chosen, gallery=Gallery(settings.home / "no-gallery")) as engine:
            asked.clear()
            watching = True
            try:
                answer = engine.ask("你好")
            finally:
                watching = False
            assert answer.text == "好了。"
    assert set(asked) == {"127.0.0.1"}


def test_without_such_a_setting_its_client_is_not_even_loaded(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from duomo.language_server import LanguageServer\n"
        "from duomo.settings import load_settings\n"
        "assert LanguageServer(load_settings()).chat_model(None, print) is None\n"
        "assert not {'openai', 'agent.wire', 'httpx'} & set(sys.modules)\n"
    )
    environment = os.environ | {"DUOMO_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60, env=environment)


def test_listing_checking_and_removing_models_connect_to_nobody(tmp_path: Path) -> None:
    program = (
        "import socket, sys\n"
        "def refuse(*a, **k): sys.exit(f'reaches for {a}')\n"
        "socket.socket.connect = socket.socket.connect_ex = refuse\n"
        "socket.getaddrinfo = refuse\n"
        "from typer.testing import CliRunner\n"
        "from ui.commands import app\n"
        "for words in (['list'], ['verify', 'starter-llm'], ['remove', 'qwen3-8b', '-y']):\n"
        "    CliRunner().invoke(app, ['models', *words])\n"
        "print('quiet')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"DUOMO_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "quiet", done.stderr
