"""Narrowing a search."""

import os
from datetime import date, datetime
from pathlib import Path

import pytest
from PIL import Image

from retrieval import index
from retrieval.library import Filters, Library
from tests.retrieval.conftest import OpenLibrary
from tests.retrieval.pictures import picture, save_pictures


def found(library: Library, **filters: object) -> set[str]:
    hits = library.search_image(picture(0), 100, Filters(**filters))
    return {hit.path.name for hit in hits}


def modified_on(path: Path, day: str) -> None:
    stamp = datetime.fromisoformat(f"{day}T12:00:00").timestamp()
    os.utime(path, (stamp, stamp))


def test_by_folder_as_a_name_or_a_path(library: Library, folder: Path) -> None:
    save_pictures(folder / "旅行" / "2024", 2)
    save_pictures(folder / "旅行记", 2, first=2)
    save_pictures(folder / "家", 2, first=4)
    library.index([folder])
    assert found(library, folder="旅行") == {"0000.png", "0001.png"}
    assert found(library, folder="旅行/2024/") == {"0000.png", "0001.png"}
    assert found(library, folder=str(folder / "旅行记")) == {"0002.png", "0003.png"}
    assert found(library, folder="2024/旅行") == set()
    assert len(found(library, folder=" ")) == 6
    assert found(library, folder="%") == set()


def test_by_day_both_ends_included(library: Library, folder: Path) -> None:
    for path, day in zip(
        save_pictures(folder, 3), ("2024-04-30", "2024-05-01", "2024-05-31"), strict=True
    ):
        modified_on(path, day)
    library.index([folder])
    first, last = date(2024, 5, 1), date(2024, 5, 31)
    assert found(library, after=first) == {"0001.png", "0002.png"}
    assert found(library, before=first) == {"0000.png", "0001.png"}
    assert found(library, after=first, before=last) == {"0001.png", "0002.png"}
    assert found(library, after=last, before=first) == set()
    assert len(found(library, after=date.min, before=date.max)) == 3


def test_the_day_taken_goes_before_the_day_modified(library: Library, folder: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2019:01:02 03:04:05"
    picture(0).save(folder / "a.jpg", exif=exif)
    library.index([folder])
    assert found(library, before=date(2019, 1, 2)) == {"a.jpg"}
    hit = library.search_image(picture(0), 1)[0]
    assert library.get(hit.image_id).dated == "2019-01-02T03:04:05"


def test_by_size_and_shape(library: Library, folder: Path) -> None:
    for seed, size in enumerate([(80, 40), (40, 80), (60, 60)]):
        picture(seed, size).save(folder / f"{size[0]}x{size[1]}.png")
    library.index([folder])
    assert found(library, orientation="landscape") == {"80x40.png"}
    assert found(library, orientation="portrait") == {"40x80.png"}
    assert found(library, orientation="square") == {"60x60.png"}
    assert found(library, min_width=60) == {"80x40.png", "60x60.png"}
    assert found(library, min_width=60, min_height=60) == {"60x60.png"}


def test_a_copy_in_the_folder_asked_for_is_the_one_shown(library: Library, folder: Path) -> None:
    for name in ("a", "b"):
        save_pictures(folder / name, 1)
    library.index([folder])
    for name in ("a", "b"):
        (hit,) = library.search_image(picture(0), 5, Filters(folder=name))
        assert hit.path == folder / name / "0000.png"


@pytest.mark.parametrize("flat_rows", [20_000, 16])
def test_the_best_of_a_rare_kind_are_found_in_every_kind_of_index(
    flat_rows: int, folder: Path, open_library: OpenLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_pictures(folder / "many", 150)
    rare = save_pictures(folder / "rare", 40, first=500)
    open_library().index([folder])
    monkeypatch.setattr(index, "FLAT_ROWS", flat_rows)
    library = open_library()
    hits = library.search_image(picture(520), 40, Filters(folder="rare"))
    assert {hit.path for hit in hits} == {*rare}
    assert hits[0].path.name == "0520.png"
