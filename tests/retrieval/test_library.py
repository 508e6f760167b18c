"""Index and search, from outside."""

import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from models.errors import CheckpointBroken, InvalidRequest, NotFound
from retrieval.library import Filters, IndexProgress, Library
from tests.retrieval.conftest import OpenLibrary
from tests.retrieval.pictures import ColourLayout, OtherLayout, picture, plain, save_pictures


def test_an_empty_library_answers_with_nothing(library: Library) -> None:
    assert library.search_text("红色", 5) == []
    assert library.search_image(picture(0), 5) == []
    assert library.stats().pictures == 0


def test_a_sentence_finds_its_picture(library: Library, folder: Path) -> None:
    save_pictures(folder, 20)
    red = plain(folder / "red.png", "红", size=(64, 32))
    report = library.index([folder])
    assert (report.found, report.indexed, report.embedded, report.unreadable) == (21, 21, 21, 0)
    hits = library.search_text("一张红色的图", 5)
    assert len(hits) == 5
    assert hits[0].path == red
    assert hits[0].score == pytest.approx(1.0, abs=1e-3)
    assert (hits[0].width, hits[0].height) == (64, 32)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert library.get(hits[0].image_id).path == red


def test_every_picture_finds_itself(library: Library, folder: Path) -> None:
    paths = save_pictures(folder, 60)
    library.index([folder])
    for seed, path in enumerate(paths):
        assert library.search_image(picture(seed), 1)[0].path == path


def test_the_one_asked_with_can_be_left_out(library: Library, folder: Path) -> None:
    paths = save_pictures(folder, 5)
    library.index([folder])
    first = library.search_image(picture(2), 1)[0]
    for excluded in (first.image_id, first.sha256):
        hits = library.search_image(picture(2), 4, exclude={excluded})
        assert {hit.path for hit in hits} == {*paths} - {first.path}


def test_bounds_are_checked(library: Library) -> None:
    for top_k in (0, -1, 1001):
        with pytest.raises(InvalidRequest):
            library.search_text("红", top_k)
        with pytest.raises(InvalidRequest):
            library.search_image(picture(0), top_k)
    with pytest.raises(InvalidRequest):
        library.search_text("  \n", 3)
    for folder in ("/a\0b", "\ud800"):
        with pytest.raises(InvalidRequest):
            library.search_text("红", 3, Filters(folder=folder))
        with pytest.raises(InvalidRequest):
            library.index([Path(folder)])
    with pytest.raises(NotFound):
        library.get(7)
    assert library.search_text("\ud83d红", 3) == []


def test_a_second_run_embeds_nothing(
    library: Library, folder: Path, embedder: ColourLayout
) -> None:
    save_pictures(folder, 20)
    library.index([folder])
    report = library.index([folder])
    assert (report.skipped, report.indexed, embedder.embedded) == (20, 0, 20)


def test_the_same_content_is_embedded_once_and_found_once(
    library: Library, folder: Path, embedder: ColourLayout
) -> None:
    save_pictures(folder, 5)
    for i in range(30):
        shutil.copy(folder / "0003.png", folder / f"copy-{i}.png")
    report = library.index([folder])
    assert (report.indexed, report.embedded, embedder.embedded) == (35, 5, 5)
    assert (library.stats().pictures, library.stats().contents) == (35, 5)
    assert len(library.search_image(picture(3), 35)) == 5


def test_the_same_pixels_in_another_format_are_found_once(library: Library, folder: Path) -> None:
    save_pictures(folder, 5)
    picture(2).save(folder / "again.bmp")
    picture(2).save(folder / "again.tiff")
    library.index([folder])
    hits = library.search_image(picture(2), 7)
    assert len(hits) == 5
    assert hits[0].score > 0.999 > hits[1].score


def test_a_moved_file_is_not_embedded_again(
    library: Library, folder: Path, embedder: ColourLayout
) -> None:
    paths = save_pictures(folder / "before", 4)
    library.index([folder])
    (folder / "after").mkdir()
    moved = paths[1].rename(folder / "after" / "new name.png")
    report = library.index([folder])
    assert (report.indexed, report.embedded, report.forgotten) == (1, 0, 1)
    assert embedder.embedded == 4
    assert library.search_image(picture(1), 1)[0].path == moved


def test_a_changed_file_is_embedded_again(library: Library, folder: Path) -> None:
    (path,) = save_pictures(folder, 1)
    library.index([folder])
    before = library.search_image(picture(0), 1)[0]
    picture(77).save(path)
    os.utime(path, ns=(1, 1))
    assert library.index([folder]).embedded == 1
    after = library.search_image(picture(77), 1)[0]
    assert after.score > 0.999
    assert after.image_id == before.image_id
    assert after.sha256 != before.sha256
    assert library.search_image(picture(0), 1)[0].score < 0.9


def test_a_touched_file_is_read_but_not_embedded_again(
    library: Library, folder: Path, embedder: ColourLayout
) -> None:
    (path,) = save_pictures(folder, 1)
    library.index([folder])
    os.utime(path, ns=(1, 1))
    assert library.index([folder]).indexed == 1
    assert library.index([folder]).skipped == 1
    assert embedder.embedded == 1


def test_broken_files_are_listed_and_do_not_stop_the_run(library: Library, folder: Path) -> None:
    save_pictures(folder, 3)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    (folder / "empty.png").touch()
    shutil.copy(folder / "broken.jpg", folder / "broken again.jpg")
    report = library.index([folder])
    assert (report.indexed, report.unreadable) == (3, 3)
    listed = library.unreadable(10, 0)
    assert [item.path.name for item in listed] == ["broken again.jpg", "broken.jpg", "empty.png"]
    assert all(item.code == "unreadable_media" and item.zh and item.en for item in listed)
    assert library.unreadable(1, 1) == listed[1:2]


def test_a_broken_file_is_tried_again_only_when_it_changed(
    library: Library, folder: Path, embedder: ColourLayout
) -> None:
    path = folder / "a.png"
    path.write_bytes(b"nothing")
    library.index([folder])
    report = library.index([folder])
    assert (report.unreadable, report.indexed) == (1, 0)
    picture(0).save(path)
    assert library.index([folder]).indexed == 1
    assert library.unreadable() == []
    path.write_bytes(b"broken now")
    assert library.index([folder]).unreadable == 1
    assert library.search_image(picture(0), 1) == []


def test_hostile_names_survive_the_whole_way(library: Library, folder: Path) -> None:
    hostile = [b"new\nline.png", b"\xff\xfe.png", b"'; DROP TABLE files; --.png", b"%_.png"]
    names = [os.fsdecode(name) for name in hostile]
    for seed, name in enumerate(names):
        picture(seed).save(folder / name)
    library.index([folder])
    for seed, name in enumerate(names):
        hit = library.search_image(picture(seed), 1)[0]
        assert hit.path == folder / name


def test_deleted_files_are_forgotten(library: Library, folder: Path) -> None:
    paths = save_pictures(folder, 6)
    library.index([folder])
    paths[2].unlink()
    assert library.index([folder]).forgotten == 1
    assert paths[2] not in {hit.path for hit in library.search_image(picture(2), 6)}
    assert library.stats().pictures == 5


def test_another_folder_leaves_the_first_alone(library: Library, folder: Path) -> None:
    save_pictures(folder / "a", 3)
    save_pictures(folder / "b", 3, first=3)
    library.index([folder / "a"])
    library.index([folder / "b"])
    assert library.stats().pictures == 6
    assert library.stats().folders == (folder / "a", folder / "b")


def test_a_folder_can_be_forgotten(
    library: Library, folder: Path, open_library: OpenLibrary
) -> None:
    save_pictures(folder / "a", 3)
    kept = save_pictures(folder / "ab", 3, first=3)
    library.index([folder / "a", folder / "ab"])
    assert library.forget(folder / "a") == 3
    assert {hit.path for hit in library.search_image(picture(0), 6)} == {*kept}
    again = open_library()
    assert {hit.path for hit in again.search_image(picture(0), 6)} == {*kept}
    assert again.stats().folders == (folder / "ab",)


def test_a_folder_that_never_was_is_not_found(library: Library, folder: Path) -> None:
    with pytest.raises(NotFound):
        library.index([folder / "typo"])


def test_ids_are_never_used_again(library: Library, folder: Path) -> None:
    save_pictures(folder, 3)
    library.index([folder])
    old = {hit.image_id for hit in library.search_image(picture(0), 3)}
    library.forget(folder)
    library.index([folder])
    assert not old & {hit.image_id for hit in library.search_image(picture(0), 3)}


def test_all_is_there_after_reopening(
    library: Library, folder: Path, open_library: OpenLibrary
) -> None:
    paths = save_pictures(folder, 30)
    library.index([folder])
    again = open_library()
    assert again.stats().notices == ()
    for seed, path in enumerate(paths):
        assert again.search_image(picture(seed), 1)[0].path == path


def test_progress_counts_up_to_the_end(library: Library, folder: Path) -> None:
    save_pictures(folder, 40)
    (folder / "broken.png").touch()
    seen: list[IndexProgress] = []
    library.index([folder], progress=seen.append)
    last = seen[-1]
    assert (last.found, last.done, last.indexed, last.unreadable) == (41, 41, 40, 1)
    assert last.rate > 0
    assert last.eta_seconds == 0
    assert [p.done for p in seen] == sorted(p.done for p in seen)


def test_a_cancelled_run_carries_on_later(open_library: OpenLibrary, folder: Path) -> None:
    save_pictures(folder, 60)
    cancel = threading.Event()

    class StopsAtTheFirstBatch(ColourLayout):
        def embed_images(self, images: list[Image.Image]) -> NDArray[np.float32]:
            cancel.set()
            return super().embed_images(images)

    embedder = StopsAtTheFirstBatch()
    library = open_library(embedder)
    report = library.index([folder], cancel=cancel)
    assert report.cancelled
    assert 0 < report.indexed < 60
    assert library.stats().pictures == report.indexed
    rest = library.index([folder])
    assert (rest.skipped, rest.embedded) == (report.indexed, 60 - report.indexed)
    assert embedder.embedded == 60


def test_a_new_embedder_starts_its_own_vectors_and_the_old_ones_stay(
    library: Library, folder: Path, open_library: OpenLibrary, embedder: ColourLayout
) -> None:
    save_pictures(folder, 10)
    library.index([folder])
    other = OtherLayout()
    changed = open_library(other)
    assert (changed.stats().pictures, changed.stats().pending) == (10, 10)
    assert changed.search_image(picture(0), 3) == []  # never an answer from another space
    assert changed.index([folder]).embedded == 10
    assert changed.search_image(picture(4), 1)[0].path.name == "0004.png"
    back = open_library(embedder)
    assert back.stats().pending == 0
    assert back.search_image(picture(4), 1)[0].score > 0.999


def test_a_change_of_embedder_serves_the_old_until_the_new_is_complete(
    library: Library, folder: Path
) -> None:
    save_pictures(folder, 30)
    library.index([folder])
    served: list[str] = []

    def watch(_: IndexProgress) -> None:
        assert library.search_image(picture(7), 1)[0].path.name == "0007.png"
        served.append(library.stats().embedder)

    report = library.change_embedder(OtherLayout(), progress=watch)
    assert report.embedded == 30
    assert set(served) == {"colour-layout"}
    assert library.stats().embedder == "other-layout"
    assert library.stats().pending == 0
    assert library.search_image(picture(7), 1)[0].path.name == "0007.png"


def test_vectors_that_are_no_vectors_are_refused(folder: Path, open_library: OpenLibrary) -> None:
    class Broken(ColourLayout):
        def embed_images(self, images: list[Image.Image]) -> np.ndarray:
            return super().embed_images(images) * np.nan

    save_pictures(folder, 3)
    library = open_library(Broken())
    with pytest.raises(CheckpointBroken):
        library.index([folder])
    assert library.stats().pictures == 0
