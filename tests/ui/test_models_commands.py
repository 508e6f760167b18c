"""`duomo models …` in a terminal, against a hub of this machine."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.fixtures import tiny
from tests.fixtures.hub import COMMIT, REPO, Hub, serving
from tests.models.fetching.conftest import WANTED, WEIGHTS, checkpoint_files
from ui.commands import app

ROOT = Path(__file__).parents[2]
ENTRY = f"""
name = "one"
role = "llm"
loader = "models.roles.llm:LanguageModel"
repos = {{ huggingface = "{REPO}", modelscope = "{REPO}" }}
revision = "{COMMIT}"
licence = "Apache-2.0"
languages = ["zh"]
"""
PROFILES = """
[small]
budget_bytes = 1073741824
note = { zh = "测试", en = "test" }
roles = { llm = "one", ocr = "starter-ocr" }
"""


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving(checkpoint_files()) as hub:
        yield hub


@pytest.fixture(autouse=True)
def home(tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    (home / "catalog").mkdir(parents=True)
    (home / "catalog" / "one.toml").write_text(ENTRY)
    (home / "profiles.toml").write_text(PROFILES)
    for name in ("HF_TOKEN", "MODELSCOPE_ENDPOINT", "MODELSCOPE_DOMAIN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DUOMO_HOME", str(home))
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "ms"))
    return home


def models(*words: str, said: str = "") -> Result:
    return CliRunner().invoke(app, ["models", *words], input=said, env={"COLUMNS": "200"})


def test_a_model_is_pulled_listed_verified_and_removed(home: Path) -> None:
    pulled = models("pull", "one")
    assert pulled.exit_code == 0, pulled.output
    assert "one 已可用" in pulled.output
    folder = home / "checkpoints" / "one"
    assert {p.name for p in folder.iterdir()} == {*WANTED, "duomo-manifest.json"}
    listed = models("list").output
    assert "没有写明" in listed
    assert "unstated" not in listed
    [line] = [line for line in listed.splitlines() if line.startswith("one ")]
    assert "可用" in line
    assert "small" in line
    assert "one 完好：核对了 5 个文件" in models("verify", "one").output
    removed = models("remove", "one", said="y\n")
    assert removed.exit_code == 0
    assert "腾出" in removed.output
    assert not folder.exists()


def test_a_profile_is_pulled_with_all_it_uses_and_then_there_is_nothing_to_do(hub: Hub) -> None:
    assert "one 已可用" in models("pull", "--profile", "small").output
    hub.asked.clear()
    assert "没有要下载的" in models("pull", "--profile", "small").output
    assert hub.asked == []


def test_a_damaged_model_is_named_with_what_to_do(home: Path) -> None:
    models("pull", "one")
    (home / "checkpoints" / "one" / WEIGHTS).write_bytes(b"short")
    result = models("verify", "one")
    assert result.exit_code == 1
    assert WEIGHTS in result.output
    assert "duomo models pull one" in result.output


@pytest.mark.parametrize(
    "words",
    [
        ("pull",),
        ("pull", "unknown"),
        ("pull", "--profile", "unknown"),
        ("remove", "starter-llm", "--yes"),
        ("remove", "one", "--yes"),
        ("verify", "one"),
        ("add", "/nowhere", "--role", "llm", "--name", "x"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_is_said_in_chinese(words: tuple[str, ...]) -> None:
    result = models(*words)
    assert result.exit_code == 1
    assert "✗" in result.output


def test_a_refusal_of_the_hub_ends_with_its_reason(hub: Hub) -> None:
    hub.token = "secret"
    result = models("pull", "one", "--source", "huggingface")
    assert result.exit_code == 1
    assert "HF_TOKEN" in result.output


def test_a_folder_is_registered_used_in_place_and_forgotten(tmp_path: Path, home: Path) -> None:
    own = tiny.write_llm(tmp_path / "own")
    added = models("add", str(own), "--role", "llm", "--name", "mine", "--licence", "MIT")
    assert added.exit_code == 0, added.output
    assert "profiles.toml" in added.output
    assert "mine 完好" in models("verify", "mine").output
    assert "不再登记" in models("remove", "mine", said="y\n").output
    assert (own / "model.safetensors").is_file()
    assert not (home / "catalog" / "mine.toml").exists()


def test_nothing_is_removed_without_a_yes(home: Path) -> None:
    models("pull", "one")
    assert models("remove", "one", said="n\n").exit_code == 1
    assert (home / "checkpoints" / "one").is_dir()


def test_ctrl_c_ends_a_pull_at_once_and_keeps_what_came(hub: Hub, home: Path) -> None:
    hub.fail(WEIGHTS, "stall")
    command = [sys.executable, "-m", "ui.cli", "models", "pull", "one"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ)
    deadline = time.monotonic() + 60
    while not any((home / "checkpoints").glob(".incoming/one/*.part")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    pressed = time.monotonic()
    output, _ = process.communicate(timeout=30)
    assert time.monotonic() - pressed < 3
    assert process.returncode == 130
    assert "接着下载" in output
    assert any((home / "checkpoints").glob(".incoming/one/*"))
