"""Pictures of the library over HTTP: leaf through, search, look closely, take along."""

import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from api.client import Client
from duomo.watching import Watching
from models.errors import InvalidRequest, NotFound
from tests.api.conftest import Running, Serve
from tests.fixtures.home import picture
from tools.location import without_location

COLOURS = ("red", "green", "blue", "white", "black")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "图片"
    (folder / "旅行").mkdir(parents=True)
    for colour in COLOURS:
        (folder / f"{colour}.png").write_bytes(picture(colour))
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = "ILCE-7M4"
    exif.get_ifd(ExifTags.IFD.Exif).update({ExifTags.Base.ExposureTime: 0.004})
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {ExifTags.GPS.GPSLatitudeRef: "N", ExifTags.GPS.GPSLatitude: (30.0, 44.0, 31.0)}
    )
    Image.new("RGB", (90, 60), "orange").save(folder / "旅行" / "乌镇.jpg", exif=exif)
    return folder


@pytest.fixture
def running(serve: Serve, folder: Path) -> Running:
    running = serve()
    running.client.wait_ready()
    running.client.index([folder])
    running.engine.indexing.wait()
    return running


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def names(client: Client, **query: object) -> list[str]:
    return [Path(p.path).name for p in client.pictures(**query).pictures]


def named(client: Client, name: str) -> int:
    return next(p.image_id for p in client.pictures().pictures if p.path.endswith(name))


def test_the_library_is_leafed_through_and_filtered(running: Running) -> None:
    client = running.client
    page = client.pictures(order="name", limit=2, offset=2)
    assert [Path(p.path).name for p in page.pictures] == ["green.png", "red.png"]
    assert (page.total, page.searched) == (6, False)
    assert names(client, folder="旅行") == ["乌镇.jpg"]
    assert names(client, colour="red") == ["red.png"]
    assert names(client, min_side=60) == ["乌镇.jpg"]
    assert names(client, has_text=True) == []
    with pytest.raises(InvalidRequest):
        client.pictures(limit=100_000)
    with pytest.raises(InvalidRequest):
        client.pictures(order="sideways")


def test_by_words_by_a_picture_and_by_both(running: Running, folder: Path) -> None:
    client = running.client
    page = client.pictures(q="一座桥 -人", limit=3)
    scores = [p.score or 0.0 for p in page.pictures]
    assert page.searched
    assert scores == sorted(scores, reverse=True)
    red = named(client, "red.png")
    uploaded = client.upload(folder / "blue.png")
    assert names(client, image=red, limit=1) == ["red.png"]
    assert names(client, like=uploaded.sha256, limit=1) == ["blue.png"]
    assert names(client, q="桥", image=red, weight=0.0, limit=1) == ["red.png"]
    assert names(client, image=red, folder="旅行") == ["乌镇.jpg"]
    with pytest.raises(NotFound):
        client.pictures(image=9999)
    with pytest.raises(NotFound):
        client.pictures(like="0" * 64)


def test_a_picture_is_looked_at_closely_but_never_told_where_it_was_taken(
    running: Running,
) -> None:
    detail = running.client.picture(named(running.client, "乌镇.jpg"))
    assert detail.exif["model"] == "ILCE-7M4"
    assert detail.exif["exposure"] == "1/250"
    assert detail.located
    assert not any(key.lower().startswith("gps") for key in detail.exif)
    assert "44" not in detail.model_dump_json(include={"exif"})
    assert detail.colours == ("orange",)
    assert (detail.text, detail.label, detail.artifact) == (None, False, None)


def test_a_picture_whose_file_is_gone_says_so(running: Running, folder: Path) -> None:
    red = named(running.client, "red.png")
    running.engine.watching.close()
    (folder / "red.png").unlink()
    for look in (running.client.picture, running.client.keep_picture):
        with pytest.raises(NotFound):
            look(red)


def test_reading_needs_a_checkpoint_that_reads(running: Running) -> None:
    with pytest.raises(InvalidRequest):
        running.client.read_picture(named(running.client, "red.png"))


def test_a_copy_can_be_attached_to_a_turn(running: Running) -> None:
    kept = running.client.keep_picture(named(running.client, "red.png"))
    assert kept.lineage.source.startswith("library:")
    assert running.client.picture(named(running.client, "red.png")).artifact == kept


def test_a_zip_has_every_file_under_its_own_name_and_no_place(
    running: Running, folder: Path
) -> None:
    again = folder / "旅行" / "red.png"
    again.write_bytes(picture("pink"))
    client = running.client
    until(lambda: client.pictures().total == 7)  # noticed by itself
    chosen = [p.image_id for p in client.pictures(order="oldest").pictures]
    with zipfile.ZipFile(io.BytesIO(client.bundle_pictures([*chosen, 9999]))) as bundle:
        assert sorted(n for n in bundle.namelist() if "red" in n) == ["red (2).png", "red.png"]
        placed = bundle.read("乌镇.jpg")
    assert without_location(placed) is placed
    assert Image.open(io.BytesIO(placed)).getexif()[ExifTags.Base.Model] == "ILCE-7M4"
    with pytest.raises(NotFound):
        client.bundle_pictures([9999])
    assert not list(running.engine.incoming_dir.iterdir())


def test_changed_and_deleted_files_are_noticed(running: Running, folder: Path) -> None:
    client = running.client
    watching: Watching = running.engine.watching
    until(lambda: watching.is_live)
    (folder / "black.png").unlink()
    (folder / "red.png").write_bytes(picture("blue", (200, 100)))
    until(lambda: "black.png" not in names(client))
    until(lambda: client.picture(named(client, "red.png")).picture.width == 200)


def test_a_folder_leaves_the_library_and_its_files_stay(running: Running, folder: Path) -> None:
    client = running.client
    assert client.folders().folders == (str(folder),)
    assert client.folders().inner == (str(folder), str(folder / "旅行"))
    assert client.remove_folder(str(folder / "旅行")) == 1
    assert client.remove_folder(str(folder)) == 5
    assert client.pictures().total == 0
    assert client.folders().folders == ()
    assert (folder / "red.png").exists()
