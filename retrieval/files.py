"""Reading one untrusted file whole: regular files only, at most so many bytes."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from models.errors import MediaTooLarge, UnreadableMedia


@dataclass(frozen=True)
class FileBytes:
    """`data` and the stat of the very file it came from (taken before reading)."""

    data: bytes
    stat: os.stat_result


def read_bounded(path: Path, max_bytes: int) -> FileBytes:
    """All bytes of a regular file. `UnreadableMedia` for a pipe, device or folder, or a name that
    no file can have; `MediaTooLarge` over `max_bytes`; `OSError` where the system refuses."""
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except ValueError as error:  # a NUL byte in the name
        raise _not_a_file() from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise _not_a_file()
        if status.st_size > max_bytes:
            raise MediaTooLarge(
                f"文件太大，最多 {max_bytes >> 20} MiB。请压缩后再试。",
                f"The file is too large; at most {max_bytes >> 20} MiB. Compress it and try again.",
            )
        return FileBytes(file.read(max_bytes), status)


def _not_a_file() -> UnreadableMedia:
    return UnreadableMedia(
        "这不是普通文件，没法当图片读。", "Not a regular file, so not a picture."
    )
