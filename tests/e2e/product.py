"""The product as a person starts it: `duomo` in a process of its own, with a home of its own."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Browser, BrowserType

from api.client import Client
from ui.supervise import free_port

START_SECONDS = 240.0
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_OPTIONS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@dataclass(frozen=True)
class Product:
    """A running `duomo` and where it is."""

    process: subprocess.Popen[bytes]
    url: str
    client: Client
    home: Path
    said: Path

    def children(self) -> dict[str, int]:
        """Process id of the engine and of the page."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        commands = {
            pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in listed.read_text().split()
        }
        names = {b"serve": "engine", b"ui.web": "page"}
        return {
            name: int(pid)
            for pid, command in commands.items()
            for sign, name in names.items()
            if sign in command.split(b"\0")
        }


def chromium() -> str | None:
    chosen = os.environ.get("DUOMO_CHROMIUM")
    return chosen or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def launch(chrome: BrowserType, microphone: Path | None = None) -> Browser:
    """`microphone`: a WAV file that it hears, over and over."""
    path = chromium()
    assert path is not None
    options = [*CHROMIUM_OPTIONS]
    if microphone is not None:
        hears = f"--use-file-for-fake-audio-capture={microphone}"
        options += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", hears]
    return chrome.launch(executable_path=path, args=options)


@contextmanager
def running(home: Path, **settings: str) -> Iterator[Product]:
    """`duomo --no-browser` until the block ends; ready for a first question inside it."""
    port = free_port("127.0.0.1", first_port())
    ui_port = free_port("127.0.0.1", port + 1)
    told = {"DUOMO_HOME": str(home), "DUOMO_PORT": str(port), "DUOMO_UI_PORT": str(ui_port)}
    home.mkdir(parents=True, exist_ok=True)
    said = home / "said.log"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ui.cli", "--no-browser"],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **told, **settings},
        )
    url = f"http://127.0.0.1:{ui_port}"
    client = Client(f"http://127.0.0.1:{port}", patience=60.0)
    try:
        wait_until_up(process, url, said)
        client.wait_ready(START_SECONDS)
        _wait_until_indexed(client)
        yield Product(process, url, client, home, said)
    finally:
        client.close()
        process.send_signal(signal.SIGINT)
        process.wait(60)


def first_port() -> int:
    """Each test process looks in a hundred of its own: two that look at once would find the same
    port free, and speak to one engine."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    return 18765 + 100 * int(worker.removeprefix("gw"))


def wait_until_up(process: subprocess.Popen[bytes], url: str, said: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/_stcore/health", trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(f"duomo did not start:\n{said.read_text('utf-8')}")


def _wait_until_indexed(client: Client) -> None:
    """The sample gallery, which a first start indexes by itself."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        job = client.index_job()
        if job is not None and job.state == "finished":
            return
        time.sleep(0.2)
    raise AssertionError("the sample gallery was not indexed")
