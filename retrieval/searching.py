"""Pictures that fit what is looked for, a page at a time, in any order.

A search by likeness has no end: everything is more or less like it. The nearest `MOST` are its
result; another order sorts those.
"""

from collections.abc import Callable
from typing import Any

from retrieval.browsing import Order, Page
from retrieval.filters import Filters
from retrieval.library import Library
from retrieval.records import Record
from retrieval.wanted import Wanted

MOST = 300


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
    records = library.browser.records(list(scores))
    if order is not None:
        key, backwards = _KEYS[order]
        records.sort(key=key, reverse=backwards)
    shown = records[offset:end]
    total = len(hits) if len(hits) < wanted_hits else _most(library, filters)
    return Page(tuple(shown), total, tuple(scores[record.image_id] for record in shown))


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
