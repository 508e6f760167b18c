"""Leafing through the library: orders, pages, and what was seen in a picture."""

import os
import shutil
import sqlite3
import threading
from pathlib import Path

from PIL import Image

from retrieval.backfill import fill_colours
from retrieval.browsing import ORDERS, Order
from retrieval.library import Filters, Library
from retrieval.searching import search_page
from retrieval.wanted import Wanted
from tests.retrieval.conftest import OpenLibrary
from tests.retrieval.pictures import ColourLayout, plain, save_pictures


def names(library: Library, order: Order = "name", **filters: object) -> list[str]:
    return [r.path.name for r in library.page(100, 0, Filters(**filters), order).records]


def test_pages_put_together_are_the_whole_in_every_order(library: Library, folder: Path) -> None:
    for number, path in enumerate(save_pictures(folder / "a", 7) + save_pictures(folder / "b", 6)):
        os.utime(path, (1_700_000_000 + number % 5 * 86_400,) * 2)
    library.index([folder])
    for order in ORDERS:
        whole = [r.image_id for r in library.page(100, order=order).records]
        parts = [r.image_id for at in (0, 5, 10) for r in library.page(5, at, order=order).records]
        assert parts == whole
        assert len(set(whole)) == 13
    assert library.page(5).total == 13
    assert library.page(5, 500).records == ()
    sizes = [r.size_bytes for r in library.page(100, order="largest").records]
    assert sizes == sorted(sizes, reverse=True)
    dates = [r.dated for r in library.page(100, order="oldest").records]
    assert dates == sorted(dates)


def test_a_listing_is_up_to_date_after_every_run(library: Library, folder: Path) -> None:
    first, _ = save_pictures(folder, 2)
    library.index([folder])
    assert names(library) == ["0000.png", "0001.png"]
    first.unlink()
    save_pictures(folder, 1, first=7)
    library.index([folder])
    assert names(library) == ["0001.png", "0007.png"]


def test_by_colour(library: Library, folder: Path) -> None:
    for colour in "红绿蓝":
        plain(folder / f"{colour}.png", colour)
    Image.new("RGB", (40, 30), "white").save(folder / "白.png")
    library.index([folder])
    assert names(library, colour="red") == ["红.png"]
    assert names(library, colour="white") == ["白.png"]
    assert names(library, colour="purple") == []


def test_by_writing_once_it_was_read(library: Library, folder: Path) -> None:
    save_pictures(folder, 3)
    library.index([folder])
    first, second, _ = library.page(3, order="name").records
    assert library.browser.looks(first.sha256).text is None
    library.keep_text(first.sha256, "乌镇")
    library.keep_text(second.sha256, "")
    assert names(library, has_text=True) == ["0000.png"]
    assert names(library, has_text=False) == ["0001.png"]
    assert library.browser.looks(first.sha256).text == "乌镇"


def test_words_that_are_not_wanted_push_pictures_down(library: Library, folder: Path) -> None:
    for colour in "红绿蓝黄":
        plain(folder / f"{colour}.png", colour)
    library.index([folder])
    without = search_page(library, Wanted(text="黄", without=("红",)), 10)
    order = [record.path.stem for record in without.records]
    assert order[0] in "黄绿"
    assert order.index("红") > order.index("绿")
    assert list(without.scores) == sorted(without.scores, reverse=True)


def test_words_and_a_picture_together_weigh_as_asked(library: Library, folder: Path) -> None:
    for colour in "红绿":
        plain(folder / f"{colour}.png", colour)
    library.index([folder])
    red = next(r for r in library.page(9).records if r.path.stem == "红")
    likeness = library.likeness(red.image_id)
    for weight, best in ((0.9, "绿"), (0.1, "红")):
        wanted = Wanted(text="绿", likeness=likeness, weight=weight)
        assert search_page(library, wanted, 1).records[0].path.stem == best


def test_what_was_found_can_be_put_in_another_order(library: Library, folder: Path) -> None:
    save_pictures(folder, 9)
    library.index([folder])
    page = search_page(library, Wanted(text="红"), 4, 4, order="name")
    assert [r.path.name for r in page.records] == [f"000{n}.png" for n in (4, 5, 6, 7)]
    assert page.total == 9


def test_what_is_called_as_typed_comes_first(library: Library, folder: Path) -> None:
    for colour in "红绿蓝黄":
        plain(folder / f"{colour}.png", colour)
    plain(folder / "我的红房子 100%.png", "蓝")
    shutil.copy(folder / "我的红房子 100%.png", folder / "红房子 copy.PNG")
    library.index([folder])
    for typed in ("红房子", "100%"):
        page = search_page(library, Wanted(text=typed), 10)
        assert "红房子" in page.records[0].path.stem
        assert page.total == len(page.records) == len(page.scores) == 4  # a content once
    assert search_page(library, Wanted(text="COPY"), 1).records[0].path.name == "红房子 copy.PNG"
    assert search_page(library, Wanted(text="红房子"), 1, 1).records[0].path.stem == "红"
    filtered = search_page(library, Wanted(text="红房子"), 9, filters=Filters(colour="red"))
    assert [r.path.stem for r in filtered.records] == ["红"]
    assert search_page(library, Wanted(text="黄"), 1).records[0].path.stem == "黄"


def test_copies_of_one_content_are_named(library: Library, folder: Path) -> None:
    [path] = save_pictures(folder, 1)
    shutil.copy(path, folder / "copy.png")
    library.index([folder])
    [first, *_] = library.page(9).records
    copies = {r.path.name for r in library.browser.copies(first.sha256)}
    assert copies == {"0000.png", "copy.png"}


def _as_first_version(home: Path) -> None:
    """The library as the first version left it on disk."""
    db = sqlite3.connect(home / "meta.db")
    for index in ("date", "name", "size"):
        db.execute(f"DROP INDEX files_by_{index}")
    db.execute("ALTER TABLE files DROP COLUMN name")
    db.execute("ALTER TABLE contents DROP COLUMN colours")
    db.execute("ALTER TABLE contents DROP COLUMN text")
    db.execute("PRAGMA user_version=1")
    db.commit()
    db.close()


def test_a_library_of_the_first_version_is_migrated_and_filled_by_the_next_run(
    folder: Path, tmp_path: Path, open_library: OpenLibrary
) -> None:
    plain(folder / "红.png", "红")
    old = open_library()
    old.index([folder])
    root = old._root
    old.close()
    _as_first_version(root)
    embedder = ColourLayout()
    library = open_library(embedder)
    assert names(library) == ["红.png"]
    assert names(library, colour="red") == []
    library.index([folder])
    assert names(library, colour="red") == ["红.png"]
    assert embedder.embedded == 0  # its vector was there already


def test_filling_colours_stops_when_asked_and_goes_on(library: Library, folder: Path) -> None:
    save_pictures(folder, 3)
    library.index([folder])
    library._store.set_colours(
        (content, None)
        for content in (1, 2, 3)  # type: ignore[misc]
    )
    stopped = threading.Event()
    stopped.set()
    fill_colours(library._store, stopped)
    assert len(library._store.without_colours()) == 2
    fill_colours(library._store, threading.Event())
    assert library._store.without_colours() == []
