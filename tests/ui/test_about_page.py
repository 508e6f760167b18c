"""关于与接口 against a real engine: what it shows, and that its examples run as they stand."""

import json
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
    names = ("terminal", "curl", "openai", "langchain", "open-webui", "python")
    return dict(zip(names, (c.value for c in page.code), strict=True))


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
    assert json.loads(done.stdout)["choices"][0]["message"]["content"] == "好的。"


def test_the_example_for_openai_runs_and_what_it_left_can_be_deleted(running: Running) -> None:
    done = subprocess.run(
        [sys.executable, "-c", snippets()["openai"]], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().strip() == "好的。"
    assert running.client.conversations() == ()
    page = AppTest.from_function(_script, default_timeout=20).run()
    page.button(key="programs-delete").click().run()
    assert not page.exception
    assert running.client.conversations("program") == ()
