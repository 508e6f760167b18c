"""Settings over HTTP: seen, changed in the file, held after a restart."""

import tomllib
from pathlib import Path

import pytest

from api.settings_schemas import SettingsView, SettingView
from duomo.settings import TOML_NAME
from models.errors import EngineUnavailable, InvalidRequest
from tests.api.conftest import Running, Serve

OWN = '# mine\nprofile = "tiny"  # the small one\nmax_steps = 5\n'


@pytest.fixture
def running(serve: Serve) -> Running:
    running = serve()
    (running.settings.home / TOML_NAME).write_text(OWN, "utf-8")
    return running


def setting(view: SettingsView, name: str) -> SettingView:
    return next(setting for setting in view.settings if setting.name == name)


def file_of(running: Running) -> Path:
    return running.settings.home / TOML_NAME


def test_a_change_stands_in_the_file_beside_comments_and_waits_for_a_restart(
    running: Running,
) -> None:
    view = running.client.change_settings({"max_steps": 7, "visible_labels": True})
    text = file_of(running).read_text("utf-8")
    assert tomllib.loads(text) == {"profile": "tiny", "max_steps": 7, "visible_labels": True}
    assert text.startswith("# mine\n")
    assert "# the small one" in text
    changed = setting(view, "max_steps")
    assert (changed.value, changed.source, changed.pending) == (7, "file", True)


def test_none_goes_back_to_the_default(running: Running) -> None:
    view = running.client.change_settings({"max_steps": None})
    back = setting(view, "max_steps")
    assert (back.value, back.source, back.pending) == (8, "default", False)
    assert "max_steps" not in file_of(running).read_text("utf-8")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"max_steps": 0}, "max_steps"),
        ({"max_steps": "many"}, "max_steps"),
        ({"profile": "huge"}, "huge"),
        ({"device": "gpu"}, "device"),
        ({"locale": "fr"}, "zh-CN"),
        ({"host": "0.0.0.0"}, "手工"),
        ({"allowed_hosts": ["evil.example"]}, "手工"),
        ({"quantisation": {"llm": "2bit"}}, "quantisation"),
        ({"nonsense": 1}, "nonsense"),
        ({"budget": "-3"}, "budget"),
    ],
)
def test_what_could_not_hold_is_refused_and_nothing_is_written(
    running: Running, values: dict[str, object], told: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        running.client.change_settings({"max_new_tokens": 100, **values})
    assert told in refused.value.zh
    assert file_of(running).read_text("utf-8") == OWN


def test_the_environment_wins_and_says_so(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUOMO_MAX_STEPS", "3")
    assert setting(running.client.settings(), "max_steps").source == "environment"
    with pytest.raises(InvalidRequest, match="DUOMO_MAX_STEPS"):
        running.client.change_settings({"max_steps": 4})


def test_a_broken_file_is_named_and_left_alone(running: Running) -> None:
    file_of(running).write_text("profile = [", "utf-8")
    with pytest.raises(InvalidRequest, match=TOML_NAME):
        running.client.change_settings({"max_steps": 4})
    assert file_of(running).read_text("utf-8") == "profile = ["


def test_sizes_and_tables_are_told_as_a_person_writes_them(running: Running) -> None:
    view = running.client.change_settings({"budget": "2GiB", "mirrors": ["https://hf.example"]})
    assert setting(view, "budget").value == "2GiB"
    assert setting(view, "mirrors").value == ["https://hf.example"]
    assert setting(view, "profile").choices[-1] == "tiny"


def test_an_engine_that_nobody_starts_again_does_not_end(running: Running) -> None:
    assert not running.client.settings().restartable
    with pytest.raises(EngineUnavailable):
        running.client.restart()
    assert running.client.health().status == "ok"


def test_a_supervised_engine_ends_when_it_is_asked_to(running: Running) -> None:
    running.server.config.app.state.restart = running.server.end  # type: ignore[union-attr]
    running.client.restart()
    running.thread.join(20)
    assert not running.thread.is_alive()
