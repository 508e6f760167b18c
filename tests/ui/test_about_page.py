"""关于与接口 against a real engine: what it shows, and that its examples run as they stand."""

import shutil
import subprocess
import sys

import pytest
from streamlit.testing.v1 import AppTest

from tests.api.conftest import Running, Serve

pytestmark = pytest.mark.usefixtures("nothing_cached")


@pytest.fixture
def running(engine: Serve) -> Running:
    running = engine("好的。")
    running.client.wait_ready()
    return running


def _script() -> None:
    from ui.web.pages import about

    about.show()


def snippets() -> dict[str, str]:
    page = AppTest.from_function(_script, default_timeout=20).run()
    assert not page.exception
    return dict(zip(("terminal", "python", "curl"), (c.value for c in page.code), strict=True))


def test_the_example_in_python_runs_as_it_stands(running: Running) -> None:
    done = subprocess.run(
        [sys.executable, "-c", snippets()["python"]], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    [conversation] = running.client.conversations()
    assert running.client.transcript(conversation.id).turns[0].state == "finished"


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_the_example_for_curl_runs_as_it_stands(running: Running) -> None:
    done = subprocess.run(
        ["bash", "-c", snippets()["curl"]], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert "RUN_FINISHED" in done.stdout.decode()
    assert running.client.conversations()
