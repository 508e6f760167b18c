"""Files written whole or not at all, and names that are safe to show and to download."""

import hashlib
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from models.errors import MediaTooLarge, UnreadableMedia

MAX_BYTES = 200 * 1024 * 1024
_CHUNK = 1 << 20
_NAME_CHARACTERS = 80
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FORBIDDEN = re.compile(r'[\\/:*?"<>|]')  # path separators and what Windows refuses
_EXTENSION = {
    "image/jpeg": ".jpg",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/x-matroska": ".mka",
}


def is_sha256(text: str) -> bool:
    return _SHA256.fullmatch(text) is not None


@contextmanager
def take(data: bytes | Path, folder: Path) -> Iterator[tuple[Path, str, int]]:
    """Copy `data` to a temporary file in `folder`, fsynced → (path, SHA-256, bytes).

    Gone on leaving unless it was renamed. Errors: `UnreadableMedia` (empty), `MediaTooLarge`.
    """
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".writing-")
    path = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as sink, _source(data) as source:
            sha256, size = _copy(source, sink)
            sink.flush()
            os.fsync(sink.fileno())
        yield path, sha256, size
    finally:
        path.unlink(missing_ok=True)


def _source(data: bytes | Path) -> "nullcontext[BinaryIO] | BinaryIO":
    return data.open("rb") if isinstance(data, Path) else nullcontext(BytesIO(data))


def _copy(source: BinaryIO, sink: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        size += len(chunk)
        if size > MAX_BYTES:
            raise MediaTooLarge(
                f"文件太大，最多{MAX_BYTES >> 20} MiB。请压缩后再试。",
                f"The file is too large; at most {MAX_BYTES >> 20} MiB. Compress it.",
            )
        digest.update(chunk)
        sink.write(chunk)
    if not size:
        raise UnreadableMedia("文件是空的，请换一个。", "The file is empty; use another.")
    return digest.hexdigest(), size


def write_atomically(temporary: Path, final: Path) -> None:
    """Rename a fsynced file into place and make the rename itself durable."""
    final.parent.mkdir(exist_ok=True)
    temporary.replace(final)
    if os.name == "posix":  # Windows cannot open a directory, and needs no such flush
        for folder in (final.parent, final.parent.parent):
            _fsync_folder(folder)


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def safe_name(name: str, mime: str) -> str:
    """A display name without path, control or bidi characters, with the extension of `mime`.

    >>> safe_name("../../etc/passwd", "image/png")
    'passwd.png'
    """
    kept = "".join(c for c in unicodedata.normalize("NFC", name) if _printable(c))
    base = re.split(r"[\\/]", kept)[-1]
    stem = _FORBIDDEN.sub("", re.sub(r"\.\w{1,5}$", "", base)).strip(" .")
    extension = _EXTENSION.get(mime, "." + mime.rpartition("/")[2])
    return (stem[:_NAME_CHARACTERS] or mime.partition("/")[0]) + extension


def _printable(character: str) -> bool:
    return unicodedata.category(character)[0] != "C"
