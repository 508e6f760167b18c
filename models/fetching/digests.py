"""The hashes of a file while it comes: SHA-256, and git's SHA-1 of a blob."""

import asyncio
import hashlib
from pathlib import Path

from models.fetching.remote import RemoteFile

BLOCK = 2**20


class Digests:
    """Both at once, as which of them a hub knows differs from file to file."""

    def __init__(self, file: RemoteFile) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        # Git's id of a blob is a name for its content here; what must be safe has a SHA-256.
        self._git = hashlib.sha1(b"blob %d\0" % file.bytes, usedforsecurity=False)
        self.bytes = 0

    def update(self, block: bytes) -> None:
        self._sha256.update(block)
        if self._file.sha256 is None:
            self._git.update(block)
        self.bytes += len(block)

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    @property
    def agrees(self) -> bool:
        """Whether these bytes are the file, as far as is known of it."""
        if self.bytes != self._file.bytes:
            return False
        if self._file.sha256 is not None:
            return self.sha256 == self._file.sha256
        return self._file.git_sha1 in {None, self._git.hexdigest()}


async def digest(file: RemoteFile, path: Path) -> Digests:
    """Reads `path` through, giving way after each block so that a stop is heard. Raises OSError."""
    digests = Digests(file)
    with path.open("rb", buffering=0) as stream:
        while block := stream.read(BLOCK):
            digests.update(block)
            await asyncio.sleep(0)
    return digests
