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

MOST = 500


def search_page(
    library: Library,
    wanted: Wanted,
    limit: int,
    offset: int = 0,
    filters: Filters | None = None,
    order: Order | None = None,
) -> Page:
    """`order` None: by relevance. Errors of `Library.find`."""
    hits = library.find(wanted, MOST, filters)
    scores = {hit.image_id: hit.score for hit in hits}
    if order is None:
        shown = library.browser.records([hit.image_id for hit in hits[offset : offset + limit]])
    else:
        key, backwards = _KEYS[order]
        records = library.browser.records(list(scores))
        records.sort(key=key, reverse=backwards)
        shown = records[offset : offset + limit]
    return Page(tuple(shown), len(hits), tuple(scores[record.image_id] for record in shown))


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
