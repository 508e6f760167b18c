"""Models over HTTP: what is here, a pull in the background, its progress, its end."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.model_schemas import ModelView, PullView
from models.errors import (
    CheckpointBusy,
    CheckpointMissing,
    InvalidRequest,
    NotFound,
    SourceUnreachable,
)
from tests.api.conftest import Running, Serve
from tests.fixtures.home import PROFILES
from tests.fixtures.hub import COMMIT, REPO, Hub, serving
from tests.models.fetching.conftest import WEIGHTS, checkpoint_files

ENTRY = f"""
name = "one"
role = "llm"
loader = "models.roles.llm:LanguageModel"
repos = {{ huggingface = "{REPO}" }}
revision = "{COMMIT}"
licence = "Apache-2.0"
licence_limits = "not for ducks"
languages = ["zh"]
"""
SMALL = """
[small]
budget_bytes = 1073741824
note = { zh = "测试", en = "test" }
roles = { llm = "one" }
"""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving(checkpoint_files()) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "ms"))
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield hub


@pytest.fixture
def running(serve: Serve, hub: Hub) -> Running:
    running = serve()
    home = running.settings.home
    running.client.wait_ready()
    (home / "catalog" / "one.toml").write_text(ENTRY)
    (home / "profiles.toml").write_text(PROFILES + SMALL)
    return running


def one(running: Running) -> ModelView:
    return next(model for model in running.client.models().models if model.name == "one")


def ended(running: Running) -> PullView:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        job = running.client.pull_job()
        assert job is not None
        if job.state != "running":
            return job
        time.sleep(0.02)
    raise AssertionError("the pull does not end")


def test_models_are_listed_with_licence_state_and_profiles(running: Running) -> None:
    view = running.client.models()
    assert view.profile == "tiny"
    assert {"starter", "tiny", "small"} <= {profile.name for profile in view.profiles}
    assert view.free_bytes > 0
    model = one(running)
    assert (model.state, model.licence_limits, model.profiles) == (
        "missing",
        "not for ducks",
        ("small",),
    )


def test_a_profile_is_pulled_in_the_background(running: Running) -> None:
    assert running.client.pull_job() is None
    assert running.client.pull(profile="small").state == "running"
    job = ended(running)
    assert (job.state, job.names, job.error) == ("finished", ("one",), None)
    assert job.bytes_done == job.bytes_total > 0
    assert one(running).state == "here"


def test_a_pull_shows_how_far_it_is_and_stops_when_told(running: Running, hub: Hub) -> None:
    hub.fail(WEIGHTS, "stall")
    running.client.pull(["one"])
    deadline = time.monotonic() + 20
    while (job := running.client.pull_job()) is None or not job.bytes_done:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert (job.stage, job.checkpoint, job.source) == ("fetching", "one", "127.0.0.1")
    with pytest.raises(CheckpointBusy):
        running.client.pull(["one"])
    before = time.monotonic()
    stopped = running.client.cancel_pull()
    assert time.monotonic() - before < 1
    assert stopped is not None
    assert stopped.state == "cancelled"
    assert one(running).state == "partial"


def test_a_pull_that_fails_says_why(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    running.client.pull(["one"])
    job = ended(running)
    assert job.state == "failed"
    assert job.error is not None
    assert job.error.code == SourceUnreachable.code


def test_what_was_pulled_can_be_removed_and_what_is_used_cannot(running: Running) -> None:
    running.client.pull(["one"])
    ended(running)
    removed = running.client.remove_model("one")
    assert removed.freed_bytes > 0
    assert one(running).state == "missing"
    with pytest.raises(CheckpointMissing):
        running.client.remove_model("one")
    with running.engine.residency.lease("clip"), pytest.raises(CheckpointBusy):
        running.client.remove_model("tiny-clip")


def test_bad_requests_are_refused(running: Running) -> None:
    for names, profile, kind in (
        ([], None, InvalidRequest),
        (["unknown"], None, NotFound),
        ([], "unknown", InvalidRequest),
        (["one"] * 65, None, InvalidRequest),
    ):
        with pytest.raises(kind):
            running.client.pull(names, profile=profile)
    with pytest.raises(InvalidRequest):
        running.client.pull(["one"], source="elsewhere")
    for path in ("..%2f..%2fetc", "One", "a b"):
        assert httpx.delete(f"{running.url}/api/models/{path}").status_code in {404, 405, 422}


def test_a_page_of_another_site_cannot_make_the_engine_fetch(running: Running, hub: Hub) -> None:
    foreign = {"Origin": "http://evil.example"}
    url = f"{running.url}/api/models/pull"
    assert httpx.post(url, json={"names": ["one"]}, headers=foreign).status_code == 403
    assert hub.asked == []
