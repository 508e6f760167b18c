"""The library as a person leafs through it: filtered, in an order, a page at a time.

The ids of a listing are found once and kept until the next commit; a page is a slice of them.
"""

import json
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from retrieval.colours import colour_names
from retrieval.database import Database
from retrieval.filters import Filters
from retrieval.lookup import RECORD
from retrieval.records import Record, record_of

Order = Literal["newest", "oldest", "name", "largest", "smallest"]
ORDERS: tuple[Order, ...] = get_args(Order)
_KEPT = 8  # listings: 0.8 MB each at 100,000 pictures
_FROM = "FROM files JOIN contents ON contents.id = files.content_id"
_BY = {
    "newest": "files.dated DESC, files.id DESC",
    "oldest": "files.dated, files.id",
    "name": "files.name, files.id",
    "largest": "files.size DESC, files.id DESC",
    "smallest": "files.size, files.id",
}


@dataclass(frozen=True)
class Page:
    """Some of `total` pictures. `scores` beside them where they were searched for."""

    records: tuple[Record, ...]
    total: int
    scores: tuple[float, ...] = ()


@dataclass(frozen=True)
class Looks:
    """What was seen in a picture. `text` None: not read yet; `colours` None: not looked at."""

    colours: tuple[str, ...] | None
    text: str | None


class Browser:
    """Any thread, at any time."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._lock = threading.Lock()
        self._listings: OrderedDict[tuple[object, ...], NDArray[np.int64]] = OrderedDict()

    def page(self, filters: Filters, order: Order, limit: int, offset: int) -> Page:
        ids = self._ids(filters, order)
        return Page(tuple(self.records(ids[offset : offset + limit].tolist())), len(ids))

    def records(self, image_ids: Sequence[int]) -> list[Record]:
        """In the order of `image_ids`, without those that are gone."""
        sql = f"{RECORD} WHERE files.id IN (SELECT value FROM json_each(?))"  # noqa: S608
        found = {row["id"]: row for row in self._db.rows(sql, json.dumps(list(image_ids)))}
        return [record_of(found[number]) for number in image_ids if number in found]

    def named(self, words: str, filters: Filters, limit: int) -> list[int]:
        """Ids of the files whose names hold `words`, the newest first; each content once."""
        where, values = filters.where()
        sql = f"""SELECT max(files.id) AS id {_FROM}
                  WHERE instr(lower(CAST(files.name AS TEXT)), ?) > 0 AND {where}
                  GROUP BY files.content_id ORDER BY max(files.dated) DESC, 1 DESC LIMIT ?"""
        rows = self._db.rows(sql, words.lower(), *values, limit)
        return [row["id"] for row in rows]

    def copies(self, sha256: str) -> list[Record]:
        """Every file with this content, the oldest first."""
        sql = f"SELECT files.id {_FROM} WHERE sha256 = ? ORDER BY files.id"
        return self.records([row["id"] for row in self._db.rows(sql, bytes.fromhex(sha256))])

    def looks(self, sha256: str) -> Looks:
        row = self._content(sha256)
        if row is None:
            return Looks(None, None)
        colours = row["colours"]
        return Looks(None if colours is None else colour_names(colours), row["text"])

    def content_id(self, sha256: str) -> int | None:
        row = self._content(sha256)
        return None if row is None else int(row["id"])

    def folders(self) -> list[bytes]:
        """Every folder that directly holds pictures."""
        sql = """SELECT DISTINCT substr(path, 1, length(path) - length(name) - 1) FROM files
                 WHERE content_id IS NOT NULL ORDER BY 1"""
        return [row[0] for row in self._db.rows(sql)]

    def _content(self, sha256: str) -> sqlite3.Row | None:
        return self._db.one("SELECT * FROM contents WHERE sha256 = ?", bytes.fromhex(sha256))

    def _ids(self, filters: Filters, order: Order) -> NDArray[np.int64]:
        version = self._db.version()
        key = (version, filters, order)
        with self._lock:
            if key in self._listings:
                self._listings.move_to_end(key)
                return self._listings[key]
        where, values = filters.where()
        joined = _FROM if "contents." in where else "FROM files"
        # One value: a hundred thousand rows as objects of Python take ten times as long.
        sql = f"""SELECT json_group_array(id) FROM (SELECT files.id AS id {joined}
                  WHERE files.content_id IS NOT NULL AND {where} ORDER BY {_BY[order]})"""  # noqa: S608
        ids = np.array(json.loads(self._db.rows(sql, *values)[0][0]), np.int64)
        with self._lock:
            self._listings = OrderedDict(
                (kept, found) for kept, found in self._listings.items() if kept[0] == version
            )
            self._listings[key] = ids
            if len(self._listings) > _KEPT:
                self._listings.popitem(last=False)
        return ids
