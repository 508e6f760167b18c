"""Read, hash and decode on threads, so that the model never waits for a picture.

Two files with the same bytes are decoded once: the first thread to meet a content claims it, the
others wait for what becomes of it. So in the stream of outcomes a `Decoded` always comes before
the `Known` that rely on it.
"""

import hashlib
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from models.errors import InputError
from retrieval.colours import colours_of
from retrieval.embedding import ImageStages
from retrieval.files import read_bounded
from retrieval.media import MAX_BYTES, open_reduced
from retrieval.outcomes import Decoded, Failed, FileState, Known, Outcome, Vanished
from retrieval.scan import FoundFile, device_of, mtime_of

_BATCHES_AHEAD = 3
_POLL_SECONDS = 0.1
IO_ERROR = "io"  # the system refused; tried again on every run, unlike a broken picture


@dataclass
class _Claim:
    settled: threading.Event = field(default_factory=threading.Event)
    outcome: Decoded | Failed | None = None  # still None when settled: the run is ending


class DecodePool:
    """Outcomes of `files`, in the order in which they are ready. Iterate once, then `close`."""

    def __init__(
        self,
        files: Iterable[FoundFile],
        stages: ImageStages[Any],
        has_vector: Callable[[bytes], bool],
    ) -> None:
        self._files = iter(files)
        self._stages = stages
        self._has_vector = has_vector
        self._claims: dict[bytes, _Claim] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        room = _BATCHES_AHEAD * stages.batch_size
        self._ready: queue.Queue[Outcome | BaseException | None] = queue.Queue(room)
        count = max(2, min(8, os.cpu_count() or 2))
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]

    def outcomes(self, cancel: threading.Event) -> Iterator[Outcome]:
        """Ends early when `cancel` is set. Raises what `prepare` raised."""
        for thread in self._threads:
            thread.start()
        working = len(self._threads)
        while working and not cancel.is_set():
            try:
                item = self._ready.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if item is None:
                working -= 1
            elif isinstance(item, BaseException):
                raise item
            else:
                yield item

    def committed(self, contents: Iterable[bytes]) -> None:
        """These have a vector now; the store answers for them."""
        with self._lock:
            for sha256 in contents:
                self._claims.pop(sha256, None)

    def close(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def _work(self) -> None:
        try:
            while (found := self._next_file()) is not None:
                self._inspect(found)
        except BaseException as error:
            self._put(error)
        self._put(None)

    def _next_file(self) -> FoundFile | None:
        with self._lock:
            return None if self._stopping.is_set() else next(self._files, None)

    def _put(self, item: Outcome | BaseException | None) -> None:
        while not self._stopping.is_set():
            with suppress(queue.Full):
                self._ready.put(item, timeout=_POLL_SECONDS)
                return

    def _inspect(self, found: FoundFile) -> None:
        try:
            file = read_bounded(Path(os.fsdecode(found.path)), MAX_BYTES)
        except (FileNotFoundError, NotADirectoryError):
            self._put(Vanished(found.path))
        except OSError as error:
            self._put(_refused(found, error))
        except InputError as error:
            self._put(Failed(_as_found(found), None, error.code, error.zh, error.en))
        else:
            digest = hashlib.sha256(file.data).digest()
            self._settle(_as_read(found, file.stat), digest, file.data)

    def _settle(self, state: FileState, sha256: bytes, data: bytes) -> None:
        claim = self._claim(sha256)
        if claim is not None:
            self._fulfil(claim, state, sha256, data)
        elif isinstance(other := self._of_other(sha256), Failed):
            self._put(replace(other, file=state))
        elif other is not None:
            self._put(Known(state, sha256))

    def _claim(self, sha256: bytes) -> _Claim | None:
        """A claim on content that nobody has embedded or is about to."""
        with self._lock:
            if sha256 in self._claims or self._has_vector(sha256):
                return None
            return self._claims.setdefault(sha256, _Claim())

    def _fulfil(self, claim: _Claim, state: FileState, sha256: bytes, data: bytes) -> None:
        try:
            outcome = self._decode(state, sha256, data)
            self._put(outcome)
            claim.outcome = outcome
        finally:
            claim.settled.set()

    def _of_other(self, sha256: bytes) -> Decoded | Failed | Literal["stored"] | None:
        """What became of the same content under another name; None when the run is ending."""
        with self._lock:
            claim = self._claims.get(sha256)
        if claim is None:
            return "stored"
        claim.settled.wait()
        return claim.outcome

    def _decode(self, state: FileState, sha256: bytes, data: bytes) -> Decoded | Failed:
        try:
            header, picture = open_reduced(data, self._stages.least_side)
        except InputError as error:
            return Failed(state, sha256, error.code, error.zh, error.en)
        prepared = self._stages.prepare(picture)
        return Decoded(state, sha256, header, colours_of(picture), prepared)


def _as_read(found: FoundFile, status: os.stat_result) -> FileState:
    mtime = mtime_of(status)
    return FileState(found.path, status.st_size, mtime, device_of(status), _local_time(mtime))


def _as_found(found: FoundFile) -> FileState:
    modified = _local_time(found.mtime_ns)
    return FileState(found.path, found.size, found.mtime_ns, found.device, modified)


def _local_time(nanoseconds: int) -> str:
    """In the zone of this machine without naming it, as cameras write the time taken."""
    try:
        return datetime.fromtimestamp(nanoseconds // 10**9).isoformat()  # noqa: DTZ006
    except (ValueError, OverflowError, OSError):  # beyond the calendar
        return ""


def _refused(found: FoundFile, error: OSError) -> Failed:
    why = error.strerror or type(error).__name__
    return Failed(
        _as_found(found),
        None,
        IO_ERROR,
        f"系统不让读这个文件（{why}）。请检查权限或磁盘，下次索引会再试。",
        f"The system would not let it be read ({why}). Check permissions or the disk; "
        "the next run tries again.",
    )
