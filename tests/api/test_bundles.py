"""A conversation leaves as a zip and comes back whole; what is no such zip changes nothing."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from api.client import Transcript
from duomo.inspection import inspect_file
from models.errors import InvalidRequest, MediaTooLarge, NotFound, UnreadableMedia
from tests.api.conftest import Running, Serve
from tests.fixtures.home import picture
from tools.artifacts import Lineage
from tools.labels import label_image, new_label

SIMILAR = ("find_similar_images", '{"image": "img-1"}')


def with_gps() -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 13.0, 49.0), 3: "E", 4: (121.0, 28.0, 1.0)})
    data = io.BytesIO()
    Image.new("RGB", (64, 48), "blue").save(data, "JPEG", exif=exif)
    return data.getvalue()


def made_of(running: Running, parent: str) -> str:
    """A labelled picture with a parent, as an edit leaves it."""
    data = label_image(Image.new("RGB", (32, 32), "green"), "PNG", new_label())
    lineage = Lineage(
        tool="edit_image",
        arguments={"image": "img-1", "instruction": "改绿"},
        checkpoint="somebody",
        seed=7,
        parents=(parent,),
    )
    return running.engine.artifacts.put(data, name="绿.png", lineage=lineage).sha256


def talk(running: Running) -> str:
    client = running.client
    conversation = client.create_conversation()
    photo = client.upload(with_gps(), "相片.jpg").sha256
    for text, files in (("看", [photo]), ("再看", [made_of(running, photo)]), ("谢谢", [])):
        run = client.start_run(conversation.id, text, files)
        list(client.run_events(run.run_id))
    return conversation.id


@pytest.fixture
def exported(serve: Serve, tmp_path: Path) -> tuple[Running, str, Path]:
    running = serve("好看", "更好看", "不客气", "找到了", SIMILAR, "还认得", "好")
    running.client.wait_ready()
    conversation = talk(running)
    file = tmp_path / "out.zip"
    running.client.export_conversation(conversation, file)
    return running, conversation, file


def told(transcript: Transcript) -> list[tuple[str, str, list[str | None]]]:
    return [(t.text, t.answer, [v.handle for v in t.attachments]) for t in transcript.turns]


def test_the_zip_has_a_page_and_files_without_gps_and_with_labels(
    exported: tuple[Running, str, Path], tmp_path: Path
) -> None:
    running, conversation, file = exported
    with zipfile.ZipFile(file) as archive:
        assert sorted(archive.namelist()) == [
            "duomo.json",
            "files/img-1.jpg",
            "files/img-2.png",
            "对话.md",
        ]
        archive.extractall(tmp_path / "out")
    page = (tmp_path / "out" / "对话.md").read_text("utf-8")
    assert "**我**" in page
    assert "![img-1](files/img-1.jpg)" in page
    assert "AI 生成" in page
    with Image.open(tmp_path / "out/files/img-1.jpg") as photo:
        assert not any(photo.getexif().get_ifd(0x8825).get(tag) for tag in (2, 4))
    nothing = tmp_path / "nothing"
    assert inspect_file(tmp_path / "out/files/img-2.png", nothing).label is not None
    running.client.export_conversation(conversation, file, "en")
    with zipfile.ZipFile(file) as archive:
        assert "**Me**" in archive.read("conversation.md").decode()


def test_it_comes_back_whole_and_the_next_turn_knows_its_pictures(
    exported: tuple[Running, str, Path],
) -> None:
    running, conversation, file = exported
    client, artifacts = running.client, running.engine.artifacts
    before = client.transcript(conversation)
    client.delete_conversation(conversation)
    back = client.import_conversation(file)
    after = client.transcript(back.id)
    assert back.title == "看"
    assert told(after) == told(before)
    (first, photo), (second, green) = artifacts.handles(back.id)
    assert (first, second) == ("img-1", "img-2")
    assert green.lineage.parents == (photo.sha256,)
    assert (green.lineage.tool, green.lineage.seed, green.label) == ("edit_image", 7, True)
    run = client.start_run(back.id, "还记得img-2吗")
    list(client.run_events(run.run_id))
    seen = running.model.seen[-1]
    assert [m.text for m in seen[1:]] == [
        "[img-1]看",
        "好看",
        "[img-2]再看",
        "更好看",
        "谢谢",
        "不客气",
        "还记得img-2吗",
    ]


def test_the_same_zip_comes_twice_beside_the_original(
    exported: tuple[Running, str, Path], tmp_path: Path
) -> None:
    running, conversation, file = exported
    copies = [running.client.import_conversation(file) for _ in range(2)]
    ids = {conversation, *(copy.id for copy in copies)}
    assert {c.id for c in running.client.conversations()} == ids
    for copy in copies:
        running.client.delete_conversation(copy.id)
    assert len(running.engine.artifacts.handles(conversation)) == 2
    running.client.export_conversation(conversation, tmp_path / "again.zip")
    with zipfile.ZipFile(file) as one, zipfile.ZipFile(tmp_path / "again.zip") as other:
        assert one.read("duomo.json") == other.read("duomo.json")


def test_deleting_removes_the_files_that_nothing_else_needs(
    exported: tuple[Running, str, Path],
) -> None:
    running, conversation, _ = exported
    client, artifacts = running.client, running.engine.artifacts
    (_, photo), (_, green) = artifacts.handles(conversation)
    other = client.create_conversation()
    run = client.start_run(other.id, "看看", [green.sha256])
    list(client.run_events(run.run_id))
    client.thumbnail(photo.sha256)
    client.delete_conversation(conversation)
    assert artifacts.path(green.sha256).exists()
    assert artifacts.path(photo.sha256).exists(), "the other one was made from it"
    client.delete_conversation(other.id)
    root = running.settings.artifacts_dir
    assert not [p for p in root.rglob(f"{photo.sha256}*") if p.is_file()]
    with pytest.raises(NotFound):
        client.artifact_info(green.sha256)


def test_a_conversation_that_runs_is_not_exported(serve: Serve, tmp_path: Path, gate: Any) -> None:
    running = serve(gate)
    conversation = running.client.create_conversation()
    running.client.start_run(conversation.id, "等")
    with pytest.raises(InvalidRequest, match="还在进行"):
        running.client.export_conversation(conversation.id, tmp_path / "x.zip")
    assert not list(tmp_path.glob("*x.zip*"))


Change = Callable[[dict[str, bytes]], None]


def manifest(change: Callable[[dict[str, Any]], None]) -> Change:
    def apply(parts: dict[str, bytes]) -> None:
        told = json.loads(parts["duomo.json"])
        change(told)
        parts["duomo.json"] = json.dumps(told).encode()

    return apply


def swap_picture(parts: dict[str, bytes]) -> None:
    parts["files/img-1.jpg"] = picture("red")


def no_picture(parts: dict[str, bytes]) -> None:
    """A file that has the right hash, and is not what it says."""
    old = json.loads(parts["duomo.json"])["files"][0]["sha256"]
    parts["files/img-1.jpg"] = b"<html>"
    new = hashlib.sha256(b"<html>").hexdigest()
    parts["duomo.json"] = parts["duomo.json"].replace(old.encode(), new.encode())


HOSTILE: dict[str, Change] = {
    "a changed file": swap_picture,
    "a file of another kind": no_picture,
    "a missing file": lambda parts: parts.pop("files/img-2.png") and None,
    "no manifest": lambda parts: parts.pop("duomo.json") and None,
    "no JSON": lambda parts: parts.update({"duomo.json": b"{"}),
    "deep JSON": lambda parts: parts.update({"duomo.json": b'{"title":' + b"[" * 100_000}),
    "a way out": lambda parts: parts.update({"../../evil.png": b"x"}),
    "an absolute path": lambda parts: parts.update({"/etc/evil": b"x"}),
    "a path in the manifest": manifest(lambda m: m["files"][0].update(path="files/../../x")),
    "another format": manifest(lambda m: m.update(format="other")),
    "a newer version": manifest(lambda m: m.update(version=2)),
    "a handle of another kind": manifest(lambda m: m["files"][0].update(handles=["aud-1"])),
    "a handle that is not told": manifest(lambda m: m.update(handles=["img-1"])),
    "a view of a stranger": manifest(
        lambda m: m["runs"][0]["events"][1]["event"]["value"]["attachments"][0].update(
            sha256="0" * 64
        )
    ),
    "a run without an end": manifest(lambda m: m["runs"][0]["events"].pop() and None),
    "an unknown event": manifest(
        lambda m: m["runs"][0]["events"].insert(1, {"created": 0.0, "event": {"type": "EXEC"}})
    ),
    "words twice": manifest(lambda m: m["runs"][1].update(events=m["runs"][0]["events"])),
    "a place on a disk": manifest(
        lambda m: m["files"][0]["lineage"].update(source="library:/etc/passwd")
    ),
}


def rewritten(file: Path, change: Change, to: Path) -> Path:
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return to


def bomb(to: Path) -> Path:
    """Three GiB of zeros in a few MiB, by what the table of contents says and by what comes out."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("duomo.json", b"{}")
        for n in range(3):
            archive.writestr(f"files/{n}", b"")
    data = bytearray(to.read_bytes())
    at = 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:
        data[at + 24 : at + 28] = (2**30).to_bytes(4, "little")
        at += 4
    to.write_bytes(data)
    return to


def test_what_is_no_such_zip_is_refused_and_changes_nothing(
    exported: tuple[Running, str, Path], tmp_path: Path
) -> None:
    running, conversation, file = exported
    running.client.delete_conversation(conversation)
    state = everything(running)
    for name, change in HOSTILE.items():
        with pytest.raises(UnreadableMedia, match=r"[导图片]") as refused:
            running.client.import_conversation(rewritten(file, change, tmp_path / "x.zip"))
        assert "导入不了" in refused.value.zh or "图" in refused.value.zh, name
        assert everything(running) == state, name
    for damaged in (b"", b"PK", file.read_bytes()[:-30]):
        with pytest.raises(UnreadableMedia, match="导入不了"):
            running.client.import_conversation(io.BytesIO(damaged))
    with pytest.raises(MediaTooLarge, match="太大"):
        running.client.import_conversation(bomb(tmp_path / "bomb.zip"))
    assert everything(running) == state
    assert running.client.import_conversation(file).title == "看"


def everything(running: Running) -> tuple[list[Path], int]:
    folder = running.settings.artifacts_dir
    files = sorted(p for p in folder.rglob("*") if p.is_file() and "artifacts.db" not in p.name)
    return files, len(running.client.conversations())
