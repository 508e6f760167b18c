"""What `duomo doctor` says about a machine, and what to do about it."""

import socket
from pathlib import Path

import pytest

from duomo.settings import load_settings
from tests.api.conftest import Serve
from tests.fixtures.chat_server import serving
from ui import checks
from ui.checks import Examination, Finding
from ui.commands.terminal import text


def examination(home: Path, **settings: object) -> Examination:
    return Examination(load_settings(home=home, **settings), text)


def only(findings: object) -> Finding:
    [finding] = list(findings)  # type: ignore[call-overload]
    assert isinstance(finding, Finding)
    return finding


def test_the_starters_of_the_repository_are_found(tmp_path: Path) -> None:
    found = list(checks.checkpoints(examination(tmp_path)))
    assert "starter" in found[0].found
    assert {finding.subject.split()[-1] for finding in found[1:]} >= {"llm", "clip", "ocr", "tts"}


def test_a_profile_that_does_not_exist_comes_with_a_remedy(tmp_path: Path) -> None:
    finding = only(checks.checkpoints(examination(tmp_path, profile="99gb")))
    assert finding.level == "fail"
    assert finding.remedy


def test_a_busy_port_is_a_warning_and_names_the_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        engine, _page = checks.ports(examination(tmp_path, port=port))
    assert engine.level == "warn"
    assert str(port) in engine.found
    assert engine.remedy


def test_a_running_engine_is_not_a_busy_port(engine: Serve) -> None:
    running = engine()
    found, _page = checks.ports(Examination(load_settings(), text))
    assert found.level == "ok"
    assert running.url in found.found


def test_little_disk_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "LEAST_DISK_BYTES", 2**62)
    assert only(checks.disk(examination(tmp_path / "not" / "there"))).level == "warn"


def test_an_old_python_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert only(checks.python(examination(tmp_path))).level == "ok"
    monkeypatch.setattr(checks, "LEAST_PYTHON", (9, 0))
    assert only(checks.python(examination(tmp_path))).level == "fail"


def test_speech_and_text_recognition_come_with_the_installation(tmp_path: Path) -> None:
    assert only(checks.speech(examination(tmp_path))).level == "ok"
    assert only(checks.text_recognition(examination(tmp_path))).level == "ok"


def test_without_a_chinese_font_there_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "_FONT_FOLDERS", (str(tmp_path),))
    assert only(checks.fonts(examination(tmp_path))).level == "warn"
    (tmp_path / "NotoSansCJK-Regular.ttc").touch()
    assert only(checks.fonts(examination(tmp_path))).level == "ok"


def test_a_language_server_elsewhere_is_a_warning_that_words_leave(tmp_path: Path) -> None:
    away = {"llm_url": "http://gpu.invalid/v1", "llm_model": "qwen"}
    where, reached = checks.language_server(examination(tmp_path, **away))
    assert (where.level, reached.level) == ("warn", "fail")
    assert "不在本机" in where.found
    assert "llm_url" in where.remedy


def test_a_language_server_here_is_asked_for_its_model(tmp_path: Path) -> None:
    with serving() as server:
        here = {"llm_url": server.url, "llm_model": "tiny", "llm_key": "sk-secret"}
        assert only(checks.language_server(examination(tmp_path, **here))).level == "ok"
        _, lacks = checks.language_server(examination(tmp_path, **here | {"llm_model": "big"}))
    assert "tiny" in lacks.remedy
    assert "secret" not in str(lacks)
