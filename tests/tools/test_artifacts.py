import errno
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from models.errors import DiskFull, MediaTooLarge, NotFound, UnreadableMedia
from tests.tools.conftest import png
from tools import files
from tools.artifacts import ArtifactStore, Lineage
from tools.files import safe_name
from tools.labels import ContentLabel, read_label, write_label

UPLOAD = Lineage(source="upload")


def wav(seconds: float = 0.5) -> bytes:
    sink = BytesIO()
    soundfile.write(sink, np.zeros(int(16000 * seconds)), 16000, format="WAV")
    return sink.getvalue()


def test_an_artifact_is_its_content(store: ArtifactStore) -> None:
    first = store.put(png("red"), name="甲.png", lineage=UPLOAD)
    again = store.put(png("red"), name="乙.png", lineage=Lineage(source="tool"))
    other = store.put(png("blue"), name="甲.png", lineage=UPLOAD)
    assert again == first != other
    assert store.path(first.sha256).read_bytes() == png("red")


def test_kind_and_size_come_from_the_content_never_from_the_name(store: ArtifactStore) -> None:
    picture = store.put(png(size=(30, 20)), name="song.wav", lineage=UPLOAD)
    sound = store.put(wav(0.5), name="page.html", lineage=UPLOAD)
    assert (picture.kind, picture.mime, picture.width, picture.height) == (
        "image",
        "image/png",
        30,
        20,
    )
    assert (sound.kind, sound.mime, sound.seconds) == ("audio", "audio/wav", 0.5)
    assert (picture.name, sound.name) == ("song.png", "page.wav")


def test_size_of_a_turned_photo_is_as_shown(store: ArtifactStore) -> None:
    sink, exif = BytesIO(), Image.Exif()
    exif[0x0112] = 6  # camera held upright
    Image.new("RGB", (40, 10)).save(sink, "JPEG", exif=exif)
    photo = store.put(sink.getvalue(), name="p.jpg", lineage=UPLOAD)
    assert (photo.width, photo.height) == (10, 40)
    assert store.open_image(photo.sha256).size == (10, 40)


def test_lineage_comes_back_whole(store: ArtifactStore) -> None:
    lineage = Lineage(
        tool="edit_image",
        arguments={"instruction": "改成夜景", "strength": 0.5},
        checkpoint="x",
        revision="1",
        seed=7,
        parents=("a" * 64,),
        source="tool",
    )
    made = store.put(png(), name="p", lineage=lineage)
    assert store.get(made.sha256).lineage == lineage


def test_whether_it_is_labelled_comes_from_the_content_whoever_brings_it(
    store: ArtifactStore,
) -> None:
    labelled = write_label(png(), ContentLabel(ContentProducer="别人"))
    assert store.put(labelled, name="p", lineage=UPLOAD).label is True
    assert store.put(png(), name="p", lineage=Lineage(tool="edit_image")).label is False


def test_a_thumbnail_carries_the_label_of_its_picture(store: ArtifactStore) -> None:
    label = ContentLabel(ContentProducer="别人", ReservedCode1="x")
    sha256 = store.put(write_label(png(), label), name="p", lineage=UPLOAD).sha256
    assert read_label(store.thumbnail(sha256, 128)) == label


@pytest.mark.parametrize(
    "data", [b"", b"<html>", png()[:40], wav()[:10], b"RIFF\0\0\0\0WAVE", b"\xff\xfb" + b"\0" * 50]
)
def test_what_is_neither_picture_nor_sound_is_refused(store: ArtifactStore, data: bytes) -> None:
    with pytest.raises(UnreadableMedia):
        store.put(data, name="x.png", lineage=UPLOAD)
    assert not list((store.path("a" * 64).parents[1]).rglob(".writing-*"))


def test_the_wrong_kind_is_refused(store: ArtifactStore) -> None:
    with pytest.raises(UnreadableMedia, match="需要音频"):
        store.put(png(), "audio", name="x", lineage=UPLOAD)


def test_a_file_over_the_bound_is_refused(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 50)
    with pytest.raises(MediaTooLarge):
        store.put(png(), name="x", lineage=UPLOAD)


def test_a_full_disk_is_named_and_leaves_nothing(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull):
        store.put(png(), name="x", lineage=UPLOAD)
    monkeypatch.undo()
    assert store.put(png(), name="x", lineage=UPLOAD).kind == "image"


def test_a_disk_that_fills_under_the_handles_is_named_and_the_store_goes_on(
    store: ArtifactStore,
) -> None:
    sha256 = store.put(png(), name="x", lineage=UPLOAD).sha256
    database = store._db
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own full disk
    given: list[str] = []
    with pytest.raises(DiskFull):
        given.extend(store.assign("conversation", sha256) for _ in range(10_000))
    database.execute("PRAGMA max_page_count = 1073741823")
    assert store.assign("conversation", sha256) == f"img-{len(given) + 1}"


def test_a_write_cut_off_before_its_row_is_done_again(store: ArtifactStore) -> None:
    sha256 = store.put(png(), name="x", lineage=UPLOAD).sha256
    with sqlite3.connect(store.path(sha256).parents[2] / "artifacts.db") as db:
        db.execute("DELETE FROM artifacts")
    with pytest.raises(NotFound):
        store.get(sha256)
    assert store.put(png(), name="x", lineage=UPLOAD).sha256 == sha256


def test_handles_number_appearances_per_kind_and_conversation(store: ArtifactStore) -> None:
    picture = store.put(png(), name="p", lineage=UPLOAD).sha256
    sound = store.put(wav(), name="s", lineage=UPLOAD).sha256
    given = [store.assign("a", sha) for sha in (picture, sound, picture)]
    assert given == ["img-1", "aud-1", "img-2"]
    assert store.assign("b", picture) == "img-1"
    assert [handle for handle, _ in store.handles("a")] == given


def test_handles_survive_a_restart(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    sha256 = store.put(png(), name="p", lineage=UPLOAD).sha256
    store.assign("a", sha256)
    store.close()
    again = ArtifactStore(tmp_path)
    found = again.resolve("a", "img-1")
    assert found is not None
    assert found.sha256 == sha256
    assert again.assign("a", sha256) == "img-2"
    again.close()


@pytest.mark.parametrize("handle", ["img-9", "aud-1", "img-0", "img-01", "", "../x", "IMG-1"])
def test_a_handle_that_does_not_exist_means_nothing(store: ArtifactStore, handle: str) -> None:
    store.assign("a", store.put(png(), name="p", lineage=UPLOAD).sha256)
    assert store.resolve("a", handle) is None


def test_many_threads_store_and_number_without_collision(store: ArtifactStore) -> None:
    def one(number: int) -> str:
        sha = store.put(png(size=(1 + number % 5, 1)), name="p", lineage=UPLOAD).sha256
        return store.assign("a", sha)

    with ThreadPoolExecutor(8) as pool:
        handles = list(pool.map(one, range(40)))
    assert sorted(handles, key=lambda h: int(h[4:])) == [f"img-{n}" for n in range(1, 41)]


@pytest.mark.parametrize("sha256", ["../../etc/passwd", "A" * 64, "a" * 63, "a" * 65])
def test_only_a_hash_leads_to_a_path(store: ArtifactStore, sha256: str) -> None:
    with pytest.raises(NotFound):
        store.path(sha256)


def test_thumbnails_fit_are_cached_and_never_enlarge(store: ArtifactStore) -> None:
    large = store.put(png(size=(900, 300)), name="p", lineage=UPLOAD).sha256
    small = store.put(png(size=(30, 20)), name="p", lineage=UPLOAD).sha256
    data = store.thumbnail(large, 200)
    assert Image.open(BytesIO(data)).size == (256, 85)
    assert Image.open(BytesIO(store.thumbnail(small, 200))).size == (30, 20)
    store.path(large).unlink()
    assert store.thumbnail(large, 250) == data


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd.png"),
        ("C:\\a\\b.jpg", "b.png"),
        ("照片 1.JPG", "照片 1.png"),
        ("x\u202egnp.exe", "xgnp.png"),
        ("a\0\n\x1b[31mb", "a[31mb.png"),
        ("...", "image.png"),
        ("", "image.png"),
        ("<img src=x>", "img src=x.png"),
        ("长" * 500, "长" * 80 + ".png"),
    ],
)
def test_names_are_safe_to_show_and_to_download(name: str, safe: str) -> None:
    assert safe_name(name, "image/png") == safe
