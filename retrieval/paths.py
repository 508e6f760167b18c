"""Paths as the system's bytes: a name on disk need not be valid text."""

import os

from models.errors import InvalidRequest


def encoded_path(path: str | os.PathLike[str]) -> bytes:
    """The system's bytes for a path. `InvalidRequest` for what no path can be."""
    try:
        raw = os.fsencode(path)
    except UnicodeEncodeError as error:
        raise _not_a_path() from error
    if b"\0" in raw:
        raise _not_a_path()
    return raw


def real_path(path: str | os.PathLike[str]) -> bytes:
    """Absolute, links resolved. `InvalidRequest` for what no path can be."""
    return os.path.realpath(encoded_path(path))


def _not_a_path() -> InvalidRequest:
    return InvalidRequest("文件夹的名字不对。", "That cannot be the name of a folder.")


def is_within(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")
