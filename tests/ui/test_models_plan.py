"""`duomo models plan` in the terminal."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ui.commands import app

ROLES = {"llm", "clip", "vlm", "t2i", "edit", "asr", "tts", "ocr"}


@pytest.fixture(autouse=True)
def a_home_without_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DUOMO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "160")
    return tmp_path / "home"


def plan(*words: str) -> Result:
    return CliRunner().invoke(app, ("models", "plan", *words))


def test_a_table_says_what_stays_and_what_takes_turns() -> None:
    done = plan("--profile", "12gb")
    assert done.exit_code == 0, done.output
    rows = {line.split()[0]: line for line in done.output.splitlines() if line.split()}
    assert set(rows) >= ROLES
    assert "常驻" in rows["llm"]
    assert "4bit" in rows["llm"]
    assert "轮流" in rows["t2i"]
    assert "让出 llm" in rows["t2i"]


def test_json_has_every_byte_and_second(monkeypatch: pytest.MonkeyPatch) -> None:
    found = json.loads(plan("--profile", "12gb", "--rate", "6", "--json").output)
    assert found["bytes_per_second"] == 6_000_000_000
    needs = {need["role"]: need for need in found["needs"]}
    assert set(needs) == ROLES
    for need in needs.values():
        assert need["bytes"] == need["weights"] + need["cache"] + need["activations"]
    turns = {turn["role"]: turn for turn in found["turns"]}
    assert turns["t2i"]["seconds_in"] == pytest.approx(needs["t2i"]["weights"] / 6e9)


def test_settings_change_what_is_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUOMO_QUANTISATION", "llm=none, vlm=8bit")
    needs = {n["role"]: n for n in json.loads(plan("--profile", "24gb", "--json").output)["needs"]}
    assert needs["llm"]["number_format"] == "16bit"
    assert needs["vlm"]["number_format"] == "8bit"


def test_what_cannot_fit_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUOMO_QUANTISATION", "llm=none,t2i=none")
    done = plan("--profile", "8gb")
    assert done.exit_code == 1
    assert "z-image-turbo" in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("quantisation", "told"),
    [
        ("llm=fp8", "fp8"),
        ("llm=2bit", "quantisation"),
        ("clip=4bit", "quantisation"),
        ("x", "quan"),
    ],
)
def test_a_quantisation_that_does_not_exist_is_a_bad_setting(
    quantisation: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUOMO_QUANTISATION", quantisation)
    done = plan("--profile", "12gb")
    assert done.exit_code == 1
    assert told in done.output


def test_an_unknown_profile_names_the_known_ones() -> None:
    done = plan("--profile", "48gb")
    assert done.exit_code == 1
    assert "24gb" in done.output


def test_a_table_in_the_settings_file_is_read(a_home_without_weights: Path) -> None:
    a_home_without_weights.mkdir()
    (a_home_without_weights / "duomo.toml").write_text('[quantisation]\nvlm = "8bit"\n')
    needs = {n["role"]: n for n in json.loads(plan("--profile", "24gb", "--json").output)["needs"]}
    assert needs["vlm"]["number_format"] == "8bit"
