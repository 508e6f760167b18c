"""The picture library over HTTP: index in the background, search, stop, see what failed."""

import time
from pathlib import Path

import pytest

from api.library_schemas import IndexJob
from duomo.engine import Engine
from duomo.samples import Gallery
from duomo.settings import Settings
from models.errors import InvalidRequest, LibraryBusy, NotFound
from tests.agent.scripted import ScriptedModel
from tests.api.conftest import Running, Serve
from tests.fixtures.home import picture

COLOURS = ("red", "green", "blue", "white", "black", "yellow")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "图片"
    folder.mkdir()
    for colour in COLOURS:
        (folder / f"{colour}.png").write_bytes(picture(colour))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    return folder


def ended(running: Running) -> IndexJob:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        job = running.client.index_job()
        assert job is not None
        if job.state not in {"queued", "running"}:
            return job
        time.sleep(0.02)
    raise AssertionError("the job does not end")


def test_an_indexed_folder_can_be_searched(serve: Serve, folder: Path) -> None:
    running = serve()
    assert running.client.index_job() is None
    running.client.index([folder])
    job = ended(running)
    assert (job.state, job.indexed, job.unreadable) == ("finished", len(COLOURS), 1)
    library = running.client.library()
    assert (library.images, library.unreadable) == (len(COLOURS), 1)
    hits = running.client.search_library("一座桥", top_k=3)
    assert len(hits) == 3
    assert hits[0].score >= hits[1].score >= hits[2].score
    assert running.client.library_thumbnail(hits[0].image_id, 128)[8:12] == b"WEBP"
    red = running.client.upload((folder / "red.png").read_bytes())
    alike = running.client.search_library_by_image(red.sha256, top_k=1)
    assert Path(alike[0].path).name == "red.png"
    (unreadable,) = running.client.unreadable()
    assert unreadable.path.endswith("broken.jpg")
    assert unreadable.zh
    assert unreadable.en


def test_a_folder_must_be_there(serve: Serve, tmp_path: Path, folder: Path) -> None:
    client = serve().client
    for wrong in ("relative", tmp_path / "absent", folder / "red.png"):
        with pytest.raises(InvalidRequest):
            client.index([wrong])
    with pytest.raises(InvalidRequest):
        client.index([])


def test_one_job_at_a_time(serve: Serve, folder: Path) -> None:
    running = serve()
    running.client.wait_ready()
    with running.engine.residency.lease("clip"):
        running.client.index([folder])
        with pytest.raises(LibraryBusy):
            running.client.index([folder])
    assert ended(running).state == "finished"


def test_a_job_can_be_stopped_and_taken_up_again(serve: Serve, folder: Path) -> None:
    running = serve()
    running.client.index([folder])
    running.client.cancel_index()
    assert ended(running).state in {"cancelled", "finished"}
    running.client.index([folder])
    assert ended(running).state == "finished"
    assert running.client.library().images == len(COLOURS)


def test_an_unknown_picture_is_not_found(serve: Serve) -> None:
    with pytest.raises(NotFound):
        serve().client.library_thumbnail(12345)


def test_a_first_run_indexes_the_sample_gallery(
    serve: Serve, settings: Settings, folder: Path
) -> None:
    (folder / "index.json").write_text(
        '[{"file": "red.png", "caption": "红色", "seed": 1, "style": "水彩"}]', encoding="utf-8"
    )
    model = ScriptedModel(replies=[])
    running = serve(build=lambda: Engine(settings, chat_model=model, gallery=Gallery(folder)))
    running.client.wait_ready()  # by then the gallery is being indexed
    gallery = running.client.gallery()
    assert [(p.file, p.caption, p.style) for p in gallery.pictures] == [("red.png", "红色", "水彩")]
    assert running.client.gallery_thumbnail("red.png", 128)[8:12] == b"WEBP"
    with pytest.raises(NotFound):
        running.client.gallery_thumbnail("green.png")
    assert ended(running).state == "finished"
    assert running.client.library().images == len(COLOURS)
    assert gallery.suggestions
