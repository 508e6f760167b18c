"""What became of one file: the words between the decoding threads and the store."""

from dataclasses import dataclass
from typing import Any

from retrieval.media import Header


@dataclass(frozen=True)
class FileState:
    """A file as it was when its bytes were read. `modified`: "2024-05-01T12:30:00"."""

    path: bytes
    size: int
    mtime_ns: int
    device: int
    modified: str


@dataclass(frozen=True)
class Decoded:
    """New content, ready for the model. `prepared` is what `ImageStages.prepare` gave; `colours`
    the bits of `retrieval.colours`."""

    file: FileState
    sha256: bytes
    header: Header
    colours: int
    prepared: Any


@dataclass(frozen=True)
class Known:
    """Content that has a vector already, or is being embedded for another file."""

    file: FileState
    sha256: bytes


@dataclass(frozen=True)
class Failed:
    """Could not be read. `sha256` is None where not even the bytes could be."""

    file: FileState
    sha256: bytes | None
    code: str
    zh: str
    en: str


@dataclass(frozen=True)
class Vanished:
    """Deleted between the scan and now."""

    path: bytes


Outcome = Decoded | Known | Failed | Vanished
