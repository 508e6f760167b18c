"""Pictures that fit what is looked for, a page at a time, in any order.

A search by likeness has no end: everything is more or less like it. The nearest `MOST` are its
result; another order sorts those. Files that are called what was typed come first: a person who
knows a name looks for that file.
"""

from collections.abc import Callable
from typing import Any

from retrieval.browsing import Order, Page
from retrieval.filters import Filters
from retrieval.library import Library
from retrieval.records import Record
from retrieval.wanted import Wanted

MOST = 300
_LEAST_NAME = 2  # letters: one stands in half of all names
_NAMED = 1.0  # the score of what is found by its name alone


def search_page(
    library: Library,
    wanted: Wanted,
    limit: int,
    offset: int = 0,
    filters: Filters | None = None,
    order: Order | None = None,
) -> Page:
    """`order` None: by relevance. Errors of `Library.find`."""
    end = min(offset + limit, MOST)
    wanted_hits = end if order is None else MOST  # what is not shown is not ranked
    hits = library.find(wanted, wanted_hits, filters)
    scores = {hit.image_id: hit.score for hit in hits}
    named = _named(library, wanted, filters)
    called = {record.sha256 for record in named}
    records = [r for r in library.browser.records(list(scores)) if r.sha256 not in called]
    records = [*named, *records][:wanted_hits]
    if order is not None:
        key, backwards = _KEYS[order]
        records.sort(key=key, reverse=backwards)
    shown = records[offset:end]
    total = len(records) if len(hits) < wanted_hits else _most(library, filters)
    return Page(tuple(shown), total, tuple(scores.get(r.image_id, _NAMED) for r in shown))


def _named(library: Library, wanted: Wanted, filters: Filters | None) -> list[Record]:
    """The files whose names hold the words that are looked for, where those are a name."""
    if wanted.likeness is not None or len(wanted.text) < _LEAST_NAME:
        return []
    return library.browser.records(library.browser.named(wanted.text, filters or Filters(), MOST))


def _most(library: Library, filters: Filters | None) -> int:
    """How many there are at most: pictures that are there twice are found once."""
    return min(MOST, library.page(1, 0, filters or Filters()).total)


def _date(record: Record) -> tuple[Any, int]:
    return record.dated, record.image_id


def _size(record: Record) -> tuple[Any, int]:
    return record.size_bytes, record.image_id


def _name(record: Record) -> tuple[Any, int]:
    return record.path.name, record.image_id


_KEYS: dict[Order, tuple[Callable[[Record], tuple[Any, int]], bool]] = {
    "newest": (_date, True),
    "oldest": (_date, False),
    "name": (_name, False),
    "largest": (_size, True),
    "smallest": (_size, False),
}
