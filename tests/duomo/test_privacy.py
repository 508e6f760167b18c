"""Nothing leaves the machine: seen from the sockets of the process itself."""

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
