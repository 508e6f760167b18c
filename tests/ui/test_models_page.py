"""模型与显存 against a real engine and a hub of this machine; no browser."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.api.conftest import Running, Serve
from tests.fixtures.home import PROFILES
from tests.fixtures.hub import COMMIT, REPO, Hub, serving
from tests.models.fetching.conftest import WEIGHTS, checkpoint_files

EVIL = "![x](http://evil.example/x.png)"
ENTRY = f"""
name = "one"
role = "llm"
loader = "models.roles.llm:LanguageModel"
repos = {{ huggingface = "{REPO}" }}
revision = "{COMMIT}"
licence = "{EVIL}"
licence_limits = "not for ducks"
languages = ["zh"]
"""
SMALL = """
[small]
budget_bytes = 1073741824
note = { zh = "小的", en = "small" }
roles = { llm = "one" }
"""


pytestmark = pytest.mark.usefixtures("nothing_cached")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving(checkpoint_files()) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "ms"))
        yield hub


@pytest.fixture
def running(engine: Serve, hub: Hub) -> Running:
    running = engine()
    running.client.wait_ready()
    home = running.settings.home
    (home / "catalog" / "one.toml").write_text(ENTRY)
    (home / "profiles.toml").write_text(PROFILES + SMALL)
    return running


def _script() -> None:
    from ui.web.pages import models

    models.show()


def opened() -> AppTest:
    page = AppTest.from_function(_script, default_timeout=20).run()
    assert not page.exception
    return page


def look_at(page: AppTest, profile: str) -> None:
    page.session_state["profile"] = profile
    page.run()
    assert not page.exception


def written(page: AppTest) -> str:
    parts = [*page.markdown, *page.caption, *page.error, *page.info, *page.success]
    return "\n".join(str(part.value) for part in parts)


def until_ended(running: Running) -> None:
    deadline = time.monotonic() + 20
    while (job := running.client.pull_job()) is None or job.state == "running":
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_page_shows_the_profile_that_runs_and_what_is_in_memory(running: Running) -> None:
    with running.engine.residency.lease("clip"):
        page = opened()
    said = written(page)
    assert "内存预算" in said
    assert "都已可用" in said
    [rows] = [html.proto.body for html in page.get("html") if "duomo-rows" in html.proto.body]
    assert "tiny-clip" in rows
    assert "使用中" in rows


def test_what_is_missing_is_fetched_by_one_button(running: Running) -> None:
    page = opened()
    look_at(page, "small")
    assert "还缺 1 个" in written(page)
    assert "许可有限制" in written(page)
    page.button(key="pull-all").click().run()
    until_ended(running)
    page.run()
    assert "都已可用" in written(page)
    assert "下载完成" in written(page)


def test_a_licence_that_nobody_stated_is_said_in_chinese(running: Running) -> None:
    page = opened()
    look_at(page, "8gb")
    assert "没有写明许可" in written(page)
    assert "unstated" not in written(page)


def test_a_pull_that_runs_can_be_stopped_from_the_page(running: Running, hub: Hub) -> None:
    hub.fail(WEIGHTS, "stall")
    page = opened()
    look_at(page, "small")
    page.button(key="pull-all").click().run()
    job = running.client.pull_job()
    assert job is not None
    page.run()
    page.button(key=f"stop-pull-{job.id}").click().run()
    page.run()
    assert "已停止下载" in written(page)
    assert "下载了一部分" in written(page)


def test_why_a_pull_failed_is_said(running: Running, hub: Hub) -> None:
    hub.token = "secret"
    page = opened()
    look_at(page, "small")
    page.button(key="pull-all").click().run()
    until_ended(running)
    page.run()
    assert "HF" in page.error[0].value
    assert "许可" in page.error[0].value


def test_a_model_is_not_deleted_without_a_question(running: Running) -> None:
    running.client.pull(["one"])
    until_ended(running)
    page = opened()
    look_at(page, "small")
    page.button(key="remove-role-llm").click().run()
    assert "one" in page.text[0].value
    assert page.button(key="remove-yes").label == "删除"
    [one] = [model for model in running.client.models().models if model.name == "one"]
    assert one.state == "here"


def test_what_a_catalogue_says_loads_nothing(running: Running) -> None:
    page = opened()
    look_at(page, "small")
    assert "![" not in written(page)
    helps = [part.proto.help for part in page.markdown]
    assert any("evil" in text for text in helps)
    assert not any("![" in text for text in helps)
