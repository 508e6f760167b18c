"""Settings: where a value comes from, what is refused, and what a person is told."""

from pathlib import Path

import pytest

from duomo.settings import TOML_NAME, Settings, load_settings
from models.errors import InvalidRequest


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"DUOMO_{name.upper()}", raising=False)
    monkeypatch.setenv("DUOMO_HOME", str(tmp_path))
    return tmp_path


def write(home: Path, text: str) -> None:
    (home / TOML_NAME).write_text(text, encoding="utf-8")


def test_nothing_set_gives_loopback_and_starter(home: Path) -> None:
    settings = load_settings()
    assert (settings.home, settings.host, settings.port) == (home, "127.0.0.1", 8765)
    assert (settings.profile, settings.budget, settings.locale) == ("starter", None, "zh-CN")


def test_environment_wins_over_file_and_arguments_over_both(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home, 'port = 9001\nui_port = 9002\nbudget = "1.5GiB"\n')
    monkeypatch.setenv("DUOMO_PORT", "9003")
    settings = load_settings(ui_port=9004)
    assert (settings.port, settings.ui_port, settings.budget) == (9003, 9004, 3 * 2**29)


def test_an_override_of_none_is_not_given(home: Path) -> None:
    write(home, "port = 9001")
    assert load_settings(port=None).port == 9001


def test_hosts_in_the_environment_are_split_at_commas(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUOMO_ALLOWED_HOSTS", "Duomo.local, nas")
    assert load_settings().served_hosts >= {"duomo.local", "nas", "localhost"}


@pytest.mark.parametrize(
    ("file", "named"),
    [
        ("port = 70000", "port"),
        ('budget = "many"', "budget"),
        ('budget = "0GiB"', "budget"),
        ('device = "tpu"', "device"),
        ('locale = "fr"', "locale"),
        ("prot = 1", "prot"),
        ('allowed_hosts = ["http://nas/"]', "allowed_hosts"),
        ('host = "0.0.0.0"', "allowed_hosts"),
        ("port = = 1", "语法错误"),
    ],
)
def test_a_mistake_is_named_with_the_file_to_change(home: Path, file: str, named: str) -> None:
    write(home, file)
    with pytest.raises(InvalidRequest) as refused:
        load_settings()
    assert named in refused.value.zh
    assert str(home / TOML_NAME) in refused.value.zh
    assert str(home / TOML_NAME) in refused.value.en


def test_every_setting_says_what_it_takes_in_both_languages() -> None:
    for name, field in Settings.model_fields.items():
        languages = (field.description or "").split("|")
        assert [bool(words) for words in languages] == [True, True], name


def test_another_host_is_served_when_asked_for_by_name(home: Path) -> None:
    settings = load_settings(host="0.0.0.0", allowed_hosts="nas.lan")
    assert settings.base_url == "http://127.0.0.1:8765"
    assert "nas.lan" in settings.served_hosts


@pytest.mark.parametrize(
    ("url", "leaves"),
    [
        ("", False),
        ("http://127.0.0.1:8000/v1/", False),
        ("http://[::1]:8000/v1", False),
        ("http://localhost:11434/v1", False),
        ("http://192.168.1.9:8000/v1", True),
        ("https://127.0.0.1.example/v1", True),
    ],
)
def test_a_language_server_on_another_machine_is_known_as_such(
    home: Path, url: str, leaves: bool
) -> None:
    assert load_settings(llm_url=url, llm_model="m").llm_leaves is leaves


@pytest.mark.parametrize(
    "url", ["gpu:8000", "ftp://gpu/v1", "http://", "http://me:pw@gpu/v1", "http://gpu:x/v1"]
)
def test_an_address_that_is_none_is_refused(home: Path, url: str) -> None:
    with pytest.raises(InvalidRequest, match="llm_url"):
        load_settings(llm_url=url, llm_model="m")


def test_a_language_server_needs_the_name_of_its_model(home: Path) -> None:
    with pytest.raises(InvalidRequest, match="llm_model"):
        load_settings(llm_url="http://127.0.0.1:1/v1")


def test_a_key_is_never_shown_right_or_wrong(home: Path) -> None:
    assert "4711" not in repr(load_settings(llm_key="4711"))
    write(home, "llm_key = 4711")
    with pytest.raises(InvalidRequest) as refused:
        load_settings()
    assert "4711" not in str(refused.value)
