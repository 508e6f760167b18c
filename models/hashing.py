"""SHA-256 of files, with progress, stopped at once."""

import hashlib
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from models.errors import Cancelled

_BLOCK = 2**20
OnBytes = Callable[[int, int], None]
"""Called with the bytes read so far and those to read in all."""


def ignore(_done: int, _total: int) -> None: ...


class Hasher:
    """Reads files through, one after another. `read` counts bytes over all of them."""

    def __init__(
        self, files: Iterable[Path], on_bytes: OnBytes, cancel: threading.Event | None
    ) -> None:
        self._total = sum(path.stat().st_size for path in files if path.is_file())
        self._on_bytes = on_bytes
        self._cancel = cancel or threading.Event()
        self.read = 0

    def sha256(self, path: Path) -> str:
        """Raises Cancelled, OSError."""
        digest = hashlib.sha256()
        with path.open("rb", buffering=0) as stream:
            while block := stream.read(_BLOCK):
                if self._cancel.is_set():
                    raise Cancelled
                digest.update(block)
                self.read += len(block)
                self._on_bytes(self.read, self._total)
        return digest.hexdigest()
