"""What the library answers from: questions of a search, in SQL."""

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.database import Database
from retrieval.filters import Filters
from retrieval.records import Record, Unreadable, path_of, record_of

RECORD = """SELECT files.id, path, size, dated, content_id, sha256, format, width, height
             FROM files JOIN contents ON contents.id = files.content_id"""


class Lookup:
    """Any thread, at any time."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._counted_at: int | None = None
        self._counts = (0, 0, 0)
        self._state_at: int | None = None
        self._state = ""

    def matching(self, filters: Filters) -> NDArray[np.int64]:
        """Contents with a file that passes `filters`."""
        where, values = filters.where()
        sql = f"SELECT DISTINCT content_id FROM ({RECORD} WHERE {where})"  # noqa: S608
        return np.array([row["content_id"] for row in self._db.rows(sql, *values)], np.int64)

    def first_files(self, contents: Sequence[int], filters: Filters) -> dict[int, Record]:
        """For each content its oldest file that passes `filters`."""
        where, values = filters.where()
        sql = f"""{RECORD} WHERE content_id IN (SELECT value FROM json_each(?)) AND {where}
                  ORDER BY files.id DESC"""  # noqa: S608
        rows = self._db.rows(sql, json.dumps(list(contents)), *values)
        return {row["content_id"]: record_of(row) for row in rows}

    def record(self, image_id: int) -> Record | None:
        row = self._db.one(f"{RECORD} WHERE files.id = ?", image_id)
        return None if row is None else record_of(row)

    def unreadable(self, limit: int, offset: int) -> list[Unreadable]:
        rows = self._db.rows(
            "SELECT path, error_code, error_zh, error_en FROM files"
            " WHERE error_code IS NOT NULL ORDER BY path LIMIT ? OFFSET ?",
            limit,
            offset,
        )
        return [Unreadable(path_of(row[0]), row[1], row[2], row[3]) for row in rows]

    def state(self) -> str:
        """Another text after any change of what a search may find; kept until the next commit.

        Sums over the files and the vectors: ids are never used twice, so what was removed and
        added again differs too.
        """
        version = self._db.version()
        if version != self._state_at:
            [files] = self._db.rows(
                "SELECT count(*), sum(id), sum(content_id), sum(mtime_ns % 1000000007) FROM files"
            )
            [rows] = self._db.rows("SELECT count(*), sum(slot), sum(generation_id) FROM vectors")
            self._state = "-".join(str(part or 0) for part in (*files, *rows))
            self._state_at = version
        return self._state

    def counts(self) -> tuple[int, int, int]:
        """(readable files, distinct contents among them, unreadable files).

        Asked before every search, and a walk over all files: kept until the next commit.
        """
        version = self._db.version()
        if version != self._counted_at:
            sql = "SELECT count(content_id), count(DISTINCT content_id), count(*) FROM files"
            [row] = self._db.rows(sql)
            self._counts = (row[0], row[1], row[2] - row[0])
            self._counted_at = version
        return self._counts
