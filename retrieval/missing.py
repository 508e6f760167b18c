"""A file that was not seen again: deleted, or only out of reach?

An unmounted drive, a folder that may not be listed and a share that does not answer must never
erase what was indexed. A file is gone when the nearest folder above it that exists can be listed
and lies on the volume that the file was on.
"""

import os
from functools import cache
from pathlib import Path

from retrieval.scan import device_of

_ABSENT = (FileNotFoundError, NotADirectoryError)


class Absence:
    """`renumbered`: (before, now) device numbers of files seen again; a reboot changes them."""

    def __init__(self, renumbered: set[tuple[int, int]]) -> None:
        self._renumbered = renumbered
        self._volume = cache(_volume_of_nearest_folder)

    def is_gone(self, path: bytes, device: int) -> bool:
        try:
            Path(os.fsdecode(path)).lstat()
        except _ABSENT:
            volume = self._volume(os.path.dirname(path))  # noqa: PTH120 - bytes, not text
            return volume is not None and (volume == device or (device, volume) in self._renumbered)
        except OSError:
            return False
        return False


def _volume_of_nearest_folder(folder: bytes) -> int | None:
    """Device of the nearest existing folder at or above, None when it cannot be listed."""
    while True:
        try:
            with os.scandir(folder):
                return device_of(Path(os.fsdecode(folder)).stat())
        except _ABSENT:
            folder = os.path.dirname(folder)  # noqa: PTH120
        except OSError:
            return None
