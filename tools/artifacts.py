"""Immutable files named by their SHA-256, and the handles by which a conversation calls them.

    <root>/artifacts.db           metadata and handles (SQLite, WAL)
    <root>/files/ab/abcdef…       the bytes: written beside, fsynced, renamed into place
    <root>/thumbnails/… exports/… derived; safe to delete

The row is the commit point: a file without a row is an interrupted write, and is written again.
"""

import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from PIL import Image

from models.errors import NotFound
from retrieval.durable import disk_errors, transaction
from retrieval.media import open_picture
from tools.exports import exported, may_differ
from tools.files import is_sha256, safe_name, take, write_atomically
from tools.handles import PREFIX, Kind, handle_of, kind_of
from tools.labels import is_ours, read_label
from tools.sniff import sniff
from tools.thumbnails import THUMBNAIL_SIDES, encode_thumbnail


@dataclass(frozen=True)
class Lineage:
    """Where an artifact comes from. `source`: `upload`, `tool`, `preview` or `library:<path>`.

    `prompt`: the words that the checkpoint was given, where they are not the arguments'.
    `rerun_of`: SHA-256 of the results in whose place it was made, with other arguments.
    """

    tool: str | None = None
    arguments: dict[str, Any] | None = None
    checkpoint: str | None = None
    revision: str | None = None
    seed: int | None = None
    parents: tuple[str, ...] = ()
    source: str = "tool"
    prompt: str | None = None
    rerun_of: tuple[str, ...] = ()

    @property
    def is_drawn(self) -> bool:
        """Whether a checkpoint of ours drew it, or drew over it."""
        return self.tool in ("generate_image", "edit_image")


@dataclass(frozen=True)
class Artifact:
    """A stored file. `width`, `height` in px, upright; `created` in Unix seconds, UTC; `label`:
    carries an AI-content label, whoever's."""

    sha256: str
    kind: Kind
    mime: str
    size_bytes: int
    width: int | None
    height: int | None
    seconds: float | None
    name: str
    lineage: Lineage
    label: bool
    created: float


_SCHEMA = """
CREATE TABLE IF NOT EXISTS artifacts (
    sha256 TEXT PRIMARY KEY, kind TEXT NOT NULL, mime TEXT NOT NULL, size_bytes INTEGER NOT NULL,
    width INTEGER, height INTEGER, seconds REAL, name TEXT NOT NULL, lineage TEXT NOT NULL,
    label INTEGER NOT NULL, created REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS handles (
    conversation_id TEXT NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL,
    sha256 TEXT NOT NULL REFERENCES artifacts, ordinal INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, kind, number)
) STRICT, WITHOUT ROWID;
"""


class ArtifactStore:
    """Thread-safe; one per data directory. Writes raise `DiskFull` when there is no room."""

    def __init__(self, root: Path) -> None:
        self._files = root / "files"
        self._thumbnails = root / "thumbnails"
        self._exports = root / "exports"
        for folder in (self._files, self._thumbnails, self._exports):
            folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._unnamed: set[str] = set()  # stored just now, about to get a handle: not to be removed
        self._db = sqlite3.connect(
            root / "artifacts.db", isolation_level=None, check_same_thread=False
        )
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)

    def put(
        self,
        data: bytes | Path,
        kind: Kind | None = None,
        *,
        name: str,
        lineage: Lineage,
    ) -> Artifact:
        """Store bytes or a copy of a file. Idempotent: the first row of a content stays.

        Whether it carries an AI-content label is read from the file itself.

        Errors: `UnreadableMedia` (neither picture nor sound, or not `kind`), `MediaTooLarge`,
        `DiskFull`.
        """
        with disk_errors(), take(data, self._files) as (taken, sha256, size):
            media = sniff(taken, kind)
            artifact = Artifact(
                sha256=sha256,
                kind=media.kind,
                mime=media.mime,
                size_bytes=size,
                width=media.width,
                height=media.height,
                seconds=media.seconds,
                name=safe_name(name, media.mime),
                lineage=lineage,
                label=read_label(taken) is not None,
                created=time.time(),
            )
            if not self.path(sha256).exists():
                write_atomically(taken, self.path(sha256))
            self._unnamed.add(sha256)
            self._insert(artifact)
        return self.get(sha256)

    def get(self, sha256: str) -> Artifact:
        """`NotFound` when no such artifact was stored."""
        row = self._row(sha256)
        if row is None:
            raise NotFound(
                "没有这个文件，它可能来自别的数据目录。",
                "No such artifact; it may belong to another data directory.",
            )
        return _artifact(row)

    def origin(self, sha256: str, size_bytes: int) -> str | None:
        """The artifact whose content, or whose copy made for export, has this hash and size."""
        if self._row(sha256) is not None:
            return sha256
        for folder in (self._exports, self._thumbnails):
            for copy in folder.iterdir():
                if copy.stat().st_size == size_bytes and _digest(copy) == sha256:
                    return copy.name[: len(sha256)]
        return None

    def path(self, sha256: str) -> Path:
        """Where the bytes of `sha256` lie. `NotFound` when it is not a SHA-256 in hex."""
        if not is_sha256(sha256):
            raise NotFound("文件编号不对。", "Not an artifact id.")
        return self._files / sha256[:2] / sha256

    def open_image(self, sha256: str) -> Image.Image:
        """The picture, upright RGB. Errors of `retrieval.media.open_picture`."""
        return open_picture(self.path(sha256))

    def assign(self, conversation_id: str, sha256: str) -> str:
        """The next handle of the conversation for this artifact; every appearance gets its own."""
        kind = self.get(sha256).kind
        with self._transaction() as db:
            number, ordinal = db.execute(
                "SELECT coalesce(max(number) FILTER (WHERE kind = ?), 0) + 1,"
                " coalesce(max(ordinal), 0) + 1 FROM handles WHERE conversation_id = ?",
                (kind, conversation_id),
            ).fetchone()
            db.execute(
                "INSERT INTO handles (conversation_id, kind, number, sha256, ordinal)"
                " VALUES (?, ?, ?, ?, ?)",
                (conversation_id, kind, number, sha256, ordinal),
            )
            self._unnamed.discard(sha256)
        return handle_of(kind, number)

    def resolve(self, conversation_id: str, handle: str) -> Artifact | None:
        """What a handle means in this conversation, or None."""
        kind = kind_of(handle)
        if kind is None:
            return None
        number = int(handle.removeprefix(f"{PREFIX[kind]}-"))
        with self._lock:
            row = self._db.execute(
                "SELECT artifacts.* FROM handles JOIN artifacts USING (sha256)"
                " WHERE conversation_id = ? AND handles.kind = ? AND number = ?",
                (conversation_id, kind, number),
            ).fetchone()
        return None if row is None else _artifact(row)

    def handles(self, conversation_id: str) -> list[tuple[str, Artifact]]:
        """Every handle of a conversation with its artifact, in order of appearance."""
        with self._lock:
            rows = self._db.execute(
                "SELECT handles.number, artifacts.* FROM handles JOIN artifacts USING (sha256)"
                " WHERE conversation_id = ? ORDER BY ordinal",
                (conversation_id,),
            ).fetchall()
        return [(handle_of(row["kind"], row["number"]), _artifact(row)) for row in rows]

    def thumbnail(self, sha256: str, size: int, *, visible_label: bool = False) -> bytes:
        """WebP of the picture, at most `size` px a side, rounded up to one of `THUMBNAIL_SIDES`.

        It carries the picture's label; `visible_label`: where that says it was made here, so that
        a person sees it.
        """
        self.get(sha256)
        side = next((s for s in THUMBNAIL_SIDES if s >= size), THUMBNAIL_SIDES[-1])
        cached = self._thumbnails / f"{sha256}-{side}{_suffix(visible_label)}.webp"
        if not cached.exists():
            label = read_label(self.path(sha256))
            marked = visible_label and is_ours(label)
            picture = encode_thumbnail(self.open_image(sha256), side, label, marked=marked)
            self._derive(picture, cached)
        return cached.read_bytes()

    def export(self, sha256: str, *, visible_label: bool = False) -> Path:
        """The file as it leaves: without the place where it was taken or recorded.

        `visible_label`: what was made here carries a mark that a person sees or hears.
        """
        artifact = self.get(sha256)
        original = self.path(sha256)
        if not may_differ(artifact.mime, visible_label=visible_label):
            return original
        cached = self._exports / f"{sha256}{_suffix(visible_label)}"
        if not cached.exists():
            data = original.read_bytes()
            leaving = exported(data, artifact.mime, visible_label=visible_label)
            if leaving is data:
                return original
            self._derive(leaving, cached)
        return cached

    def _derive(self, data: bytes, cached: Path) -> None:
        with disk_errors(), take(data, cached.parent) as (taken, _, _):
            write_atomically(taken, cached)

    def restore_handles(self, conversation_id: str, handles: Mapping[str, str]) -> None:
        """Give a conversation without any the handles of an earlier one: handle → SHA-256, in
        order of appearance."""
        rows = [
            (conversation_id, kind_of(handle), int(handle.partition("-")[2]), sha256, ordinal)
            for ordinal, (handle, sha256) in enumerate(handles.items(), 1)
        ]
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO handles (conversation_id, kind, number, sha256, ordinal)"
                " VALUES (?, ?, ?, ?, ?)",
                rows,
            )
            self._unnamed.difference_update(handles.values())

    def copy_handles(self, source: str, target: str, handles: Iterable[str]) -> None:
        """Give the conversation `target`, which has none, `handles` of `source` under the same
        names; also those whose file was deleted, so that their numbers stay taken."""
        wanted = [(target, source, kind_of(h), int(h.partition("-")[2])) for h in handles]
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO handles (conversation_id, kind, number, sha256, ordinal)"
                " SELECT ?, kind, number, sha256, ordinal FROM handles"
                " WHERE conversation_id = ? AND kind = ? AND number = ?",
                wanted,
            )

    def has(self, sha256: str) -> bool:
        return self._row(sha256) is not None

    def forget(self, conversation_id: str, also: Iterable[str] = ()) -> list[str]:
        """Drop the handles of a conversation, its files, and what those were made from.

        A file stays while another conversation has a handle for it, or one for something that was
        made from it. `also`: files that were stored for it and never got one. Returns the SHA-256
        of those that went.
        """
        with self._transaction() as db:
            mine = _reached(db, "WHERE conversation_id = ?", (conversation_id,))
            db.execute("DELETE FROM handles WHERE conversation_id = ?", (conversation_id,))
            gone = sorted((mine - self._unnamed | set(also)) - _reached(db))
            db.executemany("DELETE FROM artifacts WHERE sha256 = ?", [(sha,) for sha in gone])
            self._unnamed.difference_update(gone)
        for sha256 in gone:
            self.unlink(sha256)
        return gone

    def unlink(self, sha256: str) -> None:
        """Remove a file that has no row any more, and all that was derived from it."""
        copies = (folder.glob(f"{sha256}*") for folder in (self._thumbnails, self._exports))
        for path in (self.path(sha256), *chain.from_iterable(copies)):
            path.unlink(missing_ok=True)

    def discard_preview(self, sha256: str) -> None:
        """Remove an unfinished picture. Whatever else has this name stays."""
        with self._transaction() as db:
            removed = db.execute(
                "DELETE FROM artifacts WHERE sha256 = ?"
                " AND json_extract(lineage, '$.source') = 'preview'"
                " AND sha256 NOT IN (SELECT sha256 FROM handles)",
                (sha256,),
            ).rowcount
        if removed:
            self.unlink(sha256)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _row(self, sha256: str) -> sqlite3.Row | None:
        with self._lock:
            row: sqlite3.Row | None = self._db.execute(
                "SELECT * FROM artifacts WHERE sha256 = ?", (sha256,)
            ).fetchone()
        return row

    def _insert(self, artifact: Artifact) -> None:
        values = asdict(artifact)
        values["lineage"] = json.dumps(values["lineage"], ensure_ascii=False)
        columns = ", ".join(values)
        marks = ", ".join(f":{column}" for column in values)
        with self._transaction() as db:
            db.execute(f"INSERT OR IGNORE INTO artifacts ({columns}) VALUES ({marks})", values)  # noqa: S608

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, transaction(self._db) as db:
            yield db


def _reached(db: sqlite3.Connection, where: str = "", values: Sequence[str] = ()) -> set[str]:
    """What handles stand for, and what that was made from, and so on."""
    rows = db.execute(
        f"WITH RECURSIVE reached (sha256) AS (SELECT sha256 FROM handles {where} UNION"  # noqa: S608
        " SELECT parent.value FROM reached JOIN artifacts USING (sha256),"
        " json_each(artifacts.lineage, '$.parents') AS parent) SELECT sha256 FROM reached",
        values,
    )
    return {row["sha256"] for row in rows}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _suffix(visible_label: bool) -> str:
    return "-visible" if visible_label else ""


def _artifact(row: sqlite3.Row) -> Artifact:
    values = {key: row[key] for key in Artifact.__dataclass_fields__}
    lineage = json.loads(values["lineage"])
    several = {key: tuple(lineage.get(key, ())) for key in ("parents", "rerun_of")}
    values["lineage"] = Lineage(**{**lineage, **several})
    values["label"] = bool(values["label"])
    return Artifact(**values)
