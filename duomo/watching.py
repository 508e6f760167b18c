"""Folders of the library are watched: what is new, changed or deleted is indexed by itself.

The system tells of changes (inotify, FSEvents, ReadDirectoryChangesW, through watchfiles); the
ordinary indexing run then looks at what really changed. Network drives tell nothing, and a system
may have no watches left, so all folders are also looked through once in a while.
"""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from watchfiles import Change, watch

from duomo.indexing import Indexing
from models.errors import DuomoError, EngineUnavailable, LibraryBusy
from retrieval.scan import SUFFIXES

if TYPE_CHECKING:
    from retrieval.library import Library

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
"""How soon a change of the watched folders themselves is seen."""
SETTLE_MILLISECONDS = 1_500
"""Changes within this are one: a camera's card is copied file by file."""
SCAN_SECONDS = 15 * 60.0
"""How often all folders are looked through."""


class Watching:
    """One thread; ends with `close`. `library` is opened when first needed; what changes in the
    folder `own` is ours."""

    def __init__(self, library: "Callable[[], Library]", indexing: Indexing, own: Path) -> None:
        self._library = library
        self._indexing = indexing
        self._own = own
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watching", daemon=True)
        self.is_live = False
        """Whether the system tells of changes; else the folders are only looked through."""

    def start(self) -> None:
        """Once is enough; a second time does nothing."""
        if self._thread.ident is None:
            self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(10)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._watch(self._folders())
        except EngineUnavailable:
            return  # closing
        except DuomoError as error:
            log.warning("folders are not watched: %s", error)

    def _folders(self) -> tuple[Path, ...]:
        folders = self._library().stats().folders
        return tuple(folder for folder in folders if folder.is_dir())

    def _watch(self, folders: tuple[Path, ...]) -> None:
        """Until the folders of the library are others, or it is time to look through all."""
        if not folders:
            self._stop.wait(LOOK_SECONDS)
            return
        until = time.monotonic() + SCAN_SECONDS
        try:
            self._follow(folders, until)
        except OSError as error:  # no watches left, or a folder that vanished
            log.warning("the system does not tell of changes: %s", error)
            self.is_live = False
            self._wait(folders, until)
        if time.monotonic() >= until:
            self._index(folders)

    def _follow(self, folders: tuple[Path, ...], until: float) -> None:
        changes = watch(
            *folders,
            watch_filter=self._concerns,
            debounce=SETTLE_MILLISECONDS,
            step=200,
            stop_event=self._stop,
            rust_timeout=int(LOOK_SECONDS * 1000),
            yield_on_timeout=True,
            raise_interrupt=False,
            ignore_permission_denied=True,
        )
        unseen = True  # what changed before the system began to tell
        for found in changes:
            self.is_live = True
            if found or unseen:
                self._index(folders)
                unseen = False
            if time.monotonic() >= until or self._folders() != folders:
                return

    def _concerns(self, _change: Change, path: str) -> bool:
        """Pictures by their names, and folders, which may be moved with all that is in them."""
        changed = Path(path)
        if changed.name.startswith(".") or changed.is_relative_to(self._own):
            return False
        return changed.suffix.lower() in SUFFIXES or not changed.suffix

    def _wait(self, folders: tuple[Path, ...], until: float) -> None:
        while time.monotonic() < until and self._folders() == folders:
            if self._stop.wait(LOOK_SECONDS):
                return

    def _index(self, folders: tuple[Path, ...]) -> None:
        """A run over `folders`, after whatever runs now, and again if another took its place."""
        while folders and not self._stop.is_set():
            try:
                job = self._indexing.refresh(folders)
            except LibraryBusy:
                self._stop.wait(LOOK_SECONDS)
                continue
            self._indexing.wait()
            last = self._indexing.job()
            if last is None or last.id == job.id:
                return
