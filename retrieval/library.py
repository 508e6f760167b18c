"""The picture library: one folder on disk, one object to index and search it.

<root>/lock                    held while open
<root>/meta.db                 files, contents, which vector is whose: the only commit point
<root>/vectors/<embedder>/     the vectors, append-only
<root>/index/<embedder>/       derived; safe to delete
"""

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.errors import InvalidRequest, LibraryBusy, LibraryDamaged, NotFound
from retrieval.backfill import fill_colours
from retrieval.browsing import Browser, Order, Page
from retrieval.database import Database, WriterLock
from retrieval.durable import make_folder
from retrieval.embedding import Embedder, check_rows
from retrieval.filters import Filters
from retrieval.generation import Generation
from retrieval.indexing import IndexRun
from retrieval.lookup import Lookup
from retrieval.media import open_picture
from retrieval.paths import real_path
from retrieval.ranking import distinct_hits
from retrieval.records import (
    Hit,
    IndexProgress,
    IndexReport,
    LibraryStats,
    Record,
    ShowProgress,
    Unreadable,
    path_of,
)
from retrieval.scan import Scan, roots_of
from retrieval.store import Store
from retrieval.wanted import Wanted, direction_of

__all__ = [
    "MAX_TOP_K",
    "Filters",
    "Hit",
    "IndexProgress",
    "IndexReport",
    "Library",
    "LibraryStats",
    "Record",
    "Unreadable",
]

MAX_TOP_K = 1_000
_NO_FILTERS = Filters()


class Library:
    """Safe to share between threads: any number search while one indexes."""

    def __init__(self, root: Path, embedder: Embedder) -> None:
        """Open, or create, and repair. `LibraryBusy` when another process has it open,
        `LibraryDamaged` when it cannot be repaired; what was repaired is in `stats().notices`."""
        self._root = root
        _make_root(root)
        self._lock = WriterLock(root / "lock")
        with ExitStack() as undo:
            undo.callback(self._lock.release)
            self._database = Database(root / "meta.db")
            undo.callback(self._database.close)
            self._store = Store(self._database)
            self._lookup = Lookup(self._database)
            self.browser = Browser(self._database)
            self._serving = Generation(root, self._store, embedder)
            undo.pop_all()
        self._writing = threading.Lock()

    # -- indexing -----------------------------------------------------------------------------

    def index(
        self,
        folders: Sequence[Path],
        *,
        progress: ShowProgress = lambda _: None,
        cancel: threading.Event | None = None,
    ) -> IndexReport:
        """Bring the library up to date with `folders` and all below; again to resume.

        Returns with `cancelled` set when `cancel` was. `LibraryBusy` while another call writes,
        `NotFound` for a folder that is not there and never was, `DiskFull` with all that was
        committed safe.
        """
        roots = roots_of(folders)
        with self._write():
            scan = Scan(roots, real_path(self._root))
            cancel = cancel or threading.Event()
            report = IndexRun(self._store, self._serving, progress, cancel).over(scan)
            self._store.add_folders(roots)
            fill_colours(self._store, cancel)
            return report

    def change_embedder(
        self,
        embedder: Embedder,
        *,
        progress: ShowProgress = lambda _: None,
        cancel: threading.Event | None = None,
    ) -> IndexReport:
        """Embed the whole library anew while the old vectors go on serving, then switch.

        Cancelled, the old embedder stays and a later call carries on.
        """
        with self._write():
            successor = Generation(self._root, self._store, embedder)
            run = IndexRun(self._store, successor, progress, cancel or threading.Event())
            report = run.fill()
            if not report.cancelled:
                self._serving = successor
            return report

    def forget(self, folder: Path) -> int:
        """Drop every picture at or below `folder` from the library (not from disk); how many."""
        raw = real_path(folder)
        with self._write():
            paths = list(self._store.remembered(self._serving.id, raw))
            self._serving.forget(paths)
            self._store.drop_folders(raw)
            self._serving.compact()
            return len(paths)

    # -- searching ----------------------------------------------------------------------------

    def search_text(self, query: str, top_k: int, filters: Filters | None = None) -> list[Hit]:
        """The pictures nearest to a sentence, best first; each content once.

        `InvalidRequest` for an empty query or `top_k` out of 1 … 1,000.
        """
        if not query.strip():
            raise InvalidRequest("请说说要找什么画面。", "Say what to look for.")
        _check_top_k(top_k)
        query = query.encode("utf-8", "replace").decode()  # half a surrogate pair is no text
        serving = self._serving
        row = check_rows(serving.embedder.embed_texts([query]), 1, serving.space.dimension)[0]
        return self._nearest(serving, row, top_k, filters, frozenset())

    def search_image(
        self,
        image: Image.Image,
        top_k: int,
        filters: Filters | None = None,
        exclude: Collection[int | str] = (),
    ) -> list[Hit]:
        """The pictures nearest to an RGB picture; `exclude` image ids or SHA-256 in hex."""
        _check_top_k(top_k)
        serving = self._serving
        row = check_rows(serving.embedder.embed_images([image]), 1, serving.space.dimension)[0]
        return self._nearest(serving, row, top_k, filters, exclude)

    def find(
        self,
        wanted: Wanted,
        top_k: int,
        filters: Filters | None = None,
        exclude: Collection[int | str] = (),
    ) -> list[Hit]:
        """The pictures nearest to words and a picture and far from what is not wanted.

        `InvalidRequest` when nothing is looked for, or `top_k` is out of 1 … 1,000.
        """
        _check_top_k(top_k)
        serving = self._serving
        row = direction_of(wanted, serving.embedder)
        return self._nearest(serving, row, top_k, filters, exclude)

    def page(
        self, limit: int, offset: int = 0, filters: Filters = _NO_FILTERS, order: Order = "newest"
    ) -> Page:
        """All files that pass `filters`, `limit` of them from `offset` on."""
        return self.browser.page(filters, order, limit, offset)

    def likeness(self, image: int | Image.Image) -> NDArray[np.float32]:
        """The unit vector [dimension] of an RGB picture, or of one of the library by its id.

        `NotFound` for one that the library does not hold.
        """
        serving = self._serving
        if isinstance(image, int):
            content = self.browser.content_id(self.get(image).sha256)
            row = None if content is None else serving.snapshot.row_of(content)
            if row is not None:
                return row
            image = open_picture(self.get(image).path)
        rows = serving.embedder.embed_images([image])
        row = check_rows(rows, 1, serving.space.dimension)[0]
        return np.asarray(row, np.float32)

    def keep_text(self, sha256: str, text: str) -> None:
        """Remember what was read in a picture; empty: there is no writing."""
        self._store.set_text(bytes.fromhex(sha256), text)

    def get(self, image_id: int) -> Record:
        """`NotFound` when the library does not (or no longer) hold it."""
        record = self._lookup.record(image_id)
        if record is None:
            raise NotFound("图库里没有这张图片。", "The library holds no such picture.")
        return record

    def state(self) -> str:
        """Another text after any change of what a search may find, the same after a restart."""
        space = self._serving.space
        return f"{space.embedder} {space.revision} {self._lookup.state()}"

    def stats(self) -> LibraryStats:
        serving = self._serving
        pictures, contents, unreadable = self._lookup.counts()
        return LibraryStats(
            pictures=pictures,
            contents=contents,
            pending=contents - int(np.count_nonzero(serving.snapshot.alive)),
            unreadable=unreadable,
            folders=tuple(path_of(raw) for raw in self._store.folders()),
            embedder=serving.space.embedder,
            revision=serving.space.revision,
            dimension=serving.space.dimension,
            index=serving.snapshot.index.kind,
            notices=tuple(serving.notices),
        )

    def unreadable(self, limit: int = 100, offset: int = 0) -> list[Unreadable]:
        """Files that could not be indexed, by path."""
        return self._lookup.unreadable(limit, offset)

    def close(self) -> None:
        """Waits for an indexing run to end; cancel it first."""
        with self._writing:
            self._serving.close()
            self._database.close()
            self._lock.release()

    def _nearest(
        self,
        serving: Generation,
        row: NDArray[np.float32],
        top_k: int,
        filters: Filters | None,
        exclude: Collection[int | str],
    ) -> list[Hit]:
        snapshot = serving.snapshot
        contents = None if filters is None else self._lookup.matching(filters)
        unwanted = set(exclude)
        count = 2 * top_k + len(unwanted) + 8  # room for doubles and the excluded
        while True:
            candidates = snapshot.search(row, count, contents)
            ids = [candidate.content_id for candidate in candidates]
            records = self._lookup.first_files(ids, filters or _NO_FILTERS)
            hits = distinct_hits(candidates, records)
            hits = [hit for hit in hits if not unwanted & {hit.image_id, hit.sha256}]
            if len(hits) >= top_k or len(candidates) < count:
                return hits[:top_k]
            count *= 4

    @contextmanager
    def _write(self) -> Iterator[None]:
        if not self._writing.acquire(blocking=False):
            raise LibraryBusy(
                "正在索引图片，请等它完成或先停止它。",
                "Pictures are being indexed; wait for it or stop it first.",
            )
        try:
            yield
        finally:
            self._writing.release()


def _check_top_k(top_k: int) -> None:
    if not 1 <= top_k <= MAX_TOP_K:
        raise InvalidRequest(
            f"张数要在 1 到 {MAX_TOP_K} 之间。", f"top_k must be between 1 and {MAX_TOP_K}."
        )


def _make_root(root: Path) -> None:
    try:
        make_folder(root)
    except OSError as error:
        raise LibraryDamaged(
            f"没法在这里建立图库：{root}。请检查权限或换一个位置。",
            f"Cannot make a library at {root}. Check permissions or choose another place.",
        ) from error
