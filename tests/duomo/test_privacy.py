"""Nothing leaves the machine: seen from the sockets of the process itself."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.duomo.conftest import MakeEngine

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


def test_nothing_but_fetching_can_speak_to_the_outside() -> None:
    """Every other client is bound to the own machine: the one of the engine, and its finder."""
    root = Path(__file__).parents[2]
    speakers = re.compile(
        r"^\s*(?:import|from) (?:httpx|requests|urllib\.request|urllib3|aiohttp|http\.client)\b",
        re.MULTILINE,
    )
    packages = ("models", "retrieval", "tools", "agent", "duomo", "api", "ui")
    found = {
        path.relative_to(root).as_posix()
        for package in packages
        for path in (root / package).rglob("*.py")
        if speakers.search(path.read_text("utf-8"))
    }
    local = {"api/client.py", "ui/engine.py"}
    assert {path for path in found if not path.startswith("models/fetching/")} == local


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
