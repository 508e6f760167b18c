"""Damage on disk is found when the library opens, and never becomes a wrong answer."""

import json
import os
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from models.errors import LibraryBusy, LibraryDamaged
from retrieval import index
from retrieval.library import Library
from tests.retrieval.conftest import OpenLibrary
from tests.retrieval.pictures import ColourLayout, picture, save_pictures

COUNT = 96


@pytest.fixture
def compressed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library of this size is indexed as one of many thousands would be."""
    monkeypatch.setattr(index, "FLAT_ROWS", 16)


def filled(library: Library, folder: Path) -> list[Path]:
    paths = save_pictures(folder, COUNT)
    library.index([folder])
    return paths


def assert_finds_all(library: Library, paths: list[Path]) -> None:
    for seed, path in enumerate(paths):
        assert library.search_image(picture(seed), 1)[0].path == path


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x40
    path.write_bytes(data)


def index_folder(tmp_path: Path) -> Path:
    (folder,) = (tmp_path / "library" / "index").iterdir()
    return folder


def index_file(tmp_path: Path, suffix: str) -> Path:
    (path,) = index_folder(tmp_path).glob(f"gen-*.{suffix}")
    return path


@pytest.mark.usefixtures("compressed")
def test_a_compressed_index_is_loaded_not_built(
    folder: Path, tmp_path: Path, open_library: OpenLibrary
) -> None:
    paths = filled(open_library(), folder)
    library = open_library()
    built = index_file(tmp_path, "faiss").stat().st_mtime_ns
    assert library.stats().index == "rabitq"
    assert_finds_all(library, paths)
    again = open_library()
    assert again.stats().notices == ()
    assert index_file(tmp_path, "faiss").stat().st_mtime_ns == built
    assert_finds_all(again, paths)
    manifest = json.loads((index_folder(tmp_path) / "MANIFEST.json").read_text())
    assert (manifest["embedder"], manifest["dimension"]) == ("colour-layout", 48)


@pytest.mark.usefixtures("compressed")
@pytest.mark.parametrize(
    "damage",
    [
        lambda home: flip(index_file(home, "faiss"), 700),
        lambda home: flip(index_file(home, "slots.npy"), 200),
        lambda home: index_file(home, "faiss").write_bytes(b""),
        lambda home: index_file(home, "slots.npy").unlink(),
        lambda home: (index_folder(home) / "MANIFEST.json").write_text('{"rows": 3'),
        lambda home: (index_folder(home) / "MANIFEST.json").write_text("[]"),
        lambda home: (index_folder(home) / "MANIFEST.json").unlink(),
    ],
    ids=["bit", "slots", "empty", "no slots", "torn manifest", "odd manifest", "no manifest"],
)
def test_a_damaged_index_is_rebuilt_with_a_message(
    damage: object, folder: Path, tmp_path: Path, open_library: OpenLibrary
) -> None:
    paths = filled(open_library(), folder)
    open_library()  # the run ended flat; a big library is compressed when it opens
    assert callable(damage)
    damage(tmp_path)
    again = open_library()
    assert len(again.stats().notices) == 1
    assert_finds_all(again, paths)
    assert open_library().stats().notices == ()


@pytest.mark.usefixtures("compressed")
def test_an_index_of_other_vectors_is_rebuilt(
    folder: Path, tmp_path: Path, open_library: OpenLibrary
) -> None:
    paths = filled(open_library(), folder)
    open_library()
    manifest = index_folder(tmp_path) / "MANIFEST.json"
    fields = json.loads(manifest.read_text())
    for changed in ({"revision": "2"}, {"dimension": 64}, {"rows": COUNT - 1}):
        manifest.write_text(json.dumps(fields | changed))
        again = open_library()
        assert len(again.stats().notices) == 1, changed
        assert_finds_all(again, paths)


@pytest.mark.usefixtures("compressed")
def test_pictures_after_the_index_was_built_are_found_too(
    folder: Path, open_library: OpenLibrary
) -> None:
    paths = filled(open_library(), folder)
    library = open_library()
    more = save_pictures(folder, 12, first=COUNT)
    library.index([folder])
    assert len(library._serving.snapshot.tail) == 12
    assert_finds_all(library, [*paths, *more])
    assert_finds_all(open_library(), [*paths, *more])


def test_damaged_vectors_are_dropped_and_made_again(
    folder: Path, tmp_path: Path, open_library: OpenLibrary
) -> None:
    paths = filled(open_library(), folder)
    (segment,) = (tmp_path / "library" / "vectors").glob("*/seg-0.f16")
    for damage in (
        lambda: flip(segment, 20 * 96),
        lambda: os.truncate(segment, 50 * 96 + 3),
        segment.unlink,
    ):
        open_library().close()
        damage()
        broken = open_library()
        assert len(broken.stats().notices) == 1
        lost = broken.stats().pending
        assert lost > 0
        for hit in broken.search_image(picture(20), COUNT):
            assert hit.score > 0.999 or hit.path != paths[20]
        assert broken.index([folder]).embedded == lost
        assert_finds_all(broken, paths)
        assert broken.stats().pending == 0


def test_a_database_that_is_none_is_named_with_what_to_do(
    folder: Path, tmp_path: Path, open_library: OpenLibrary
) -> None:
    filled(open_library(), folder)
    open_library().close()
    database = tmp_path / "library" / "meta.db"
    data = database.read_bytes()
    for damaged in (b"not a database" * 100, data[: len(data) // 2], bytes(len(data))):
        for beside in tmp_path.glob("library/meta.db-*"):
            beside.unlink()
        database.write_bytes(damaged)
        with pytest.raises(LibraryDamaged) as caught:
            Library(tmp_path / "library", ColourLayout())
        assert "meta.db" in caught.value.en
        assert "重新索引" in caught.value.zh


def test_a_newer_library_is_not_touched(tmp_path: Path, open_library: OpenLibrary) -> None:
    open_library().close()
    with sqlite3.connect(tmp_path / "library" / "meta.db") as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(LibraryDamaged, match="newer"):
        Library(tmp_path / "library", ColourLayout())


def test_one_process_at_a_time(tmp_path: Path, open_library: OpenLibrary) -> None:
    library = open_library()
    with pytest.raises(LibraryBusy):
        Library(tmp_path / "library", ColourLayout())
    library.close()
    Library(tmp_path / "library", ColourLayout()).close()


def test_a_place_that_cannot_hold_a_library_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LibraryDamaged):
        Library(tmp_path / "file" / "library", ColourLayout())


@pytest.mark.usefixtures("compressed")
def test_rows_come_back_right_from_a_compressed_index(
    folder: Path, open_library: OpenLibrary, embedder: ColourLayout
) -> None:
    filled(open_library(), folder)
    library = open_library()
    query = picture(1000)
    rows = embedder.embed_images([picture(seed) for seed in range(COUNT)])
    scores = rows @ embedder.embed_images([query])[0]
    expected = [f"{seed:04}.png" for seed in np.argsort(-scores)[:10]]
    assert [hit.path.name for hit in library.search_image(query, 10)] == expected
