"""`duomo inspect` on files that people have, without an engine."""

import json
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from tools.artifacts import Artifact, ArtifactStore, Lineage
from tools.labels import ContentLabel, label_image
from ui.commands import app

LABEL = ContentLabel(ProduceID="a1", ReservedCode1="[bold]x\x1b[31m")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DUOMO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path / "home"


def inspected(*words: object) -> Result:
    return CliRunner().invoke(app, ["inspect", *map(str, words)])


def made(home: Path) -> tuple[Artifact, Path]:
    """A night picture that was made from an uploaded one, and the file of it."""
    store = ArtifactStore((home / "artifacts").mkdir(parents=True) or home / "artifacts")
    plain = BytesIO()
    Image.new("RGB", (40, 30), "red").save(plain, "PNG")
    upload = store.put(plain.getvalue(), name="白天的桥.png", lineage=Lineage(source="upload"))
    lineage = Lineage(
        tool="edit_image",
        arguments={"instruction": "改成夜景"},
        checkpoint="starter-edit",
        revision="r7",
        seed=42,
        parents=(upload.sha256,),
    )
    night = label_image(Image.new("RGB", (40, 30), "navy"), "PNG", LABEL)
    artifact = store.put(night, name="夜桥", lineage=lineage)
    store.close()
    return artifact, store.path(artifact.sha256)


def test_label_and_lineage_are_told_up_to_the_upload(home: Path) -> None:
    _, file = made(home)
    done = inspected(file)
    assert done.exit_code == 0
    for words in ("40×30", "属于人工智能生成合成内容", "ContentProducer", "Duomo", "a1"):
        assert words in done.output
    for words in ("夜桥.png", "edit_image", "改成夜景", "starter-edit", "r7", "种子 42"):
        assert words in done.output
    assert "白天的桥.png" in done.output
    assert "本人上传" in done.output


def test_what_a_file_says_of_itself_does_nothing_to_the_terminal(home: Path) -> None:
    _, file = made(home)
    output = inspected(file).output
    assert "[bold]x" in output
    assert "\x1b[31m" not in output


def test_as_json_everything_is_there(home: Path) -> None:
    artifact, file = made(home)
    seen = json.loads(inspected(file, "--json").output)
    assert (seen["kind"], seen["mime"], seen["width"]) == ("image", "image/png", 40)
    assert seen["label"]["ProduceID"] == "a1"
    assert seen["sha256"] == seen["artifact"] == artifact.sha256
    assert [a["lineage"]["source"] for a in seen["lineage"]] == ["tool", "upload"]
    assert seen["lineage"][0]["lineage"]["seed"] == 42


def test_a_copy_marked_for_export_is_traced_to_its_artifact(home: Path, tmp_path: Path) -> None:
    artifact, _ = made(home)
    store = ArtifactStore(home / "artifacts")
    copy = tmp_path / "copy.png"
    copy.write_bytes(store.export(artifact.sha256, visible_label=True).read_bytes())
    store.close()
    seen = json.loads(inspected(copy, "--json").output)
    assert seen["artifact"] == artifact.sha256 != seen["sha256"]


def test_a_stranger_has_neither_label_nor_lineage(home: Path, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "x.jpg")
    done = inspected(tmp_path / "x.jpg")
    assert done.exit_code == 0
    assert "没有" in done.output
    assert "查不到来历" in done.output
    assert not home.exists(), "looking leaves nothing behind"


@pytest.mark.parametrize("content", [b"", b"words", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_or_sound_is_refused_in_plain_words(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "x.png").write_bytes(content)
    done = inspected(tmp_path / "x.png")
    assert done.exit_code == 1
    assert "✗" in done.output
    assert "Traceback" not in done.output
