"""What calls took beside the bytes that were computed for them: measured, and kept per device.

A role computes what its calls will hold (weights, keys and values, feature maps) from its files.
Kernels, libraries and odd shapes take more; the most that was ever seen is added the next time.
"""

import json
from pathlib import Path

_GROWTH = 0.25  # after running out of memory, of what the role was planned with


def bucket(size: int) -> int:
    """Calls of like size share a figure: `size` up to the next power of two."""
    return 1 << (size - 1).bit_length() if size > 0 else 0


class Peaks:
    """Extra bytes by device, checkpoint and bucket, in a JSON file that may be deleted."""

    def __init__(self, path: Path, device: str) -> None:
        self._path: Path | None = path  # None once it could not be written
        self._device = device
        self._known = _read(path)

    def beyond(self, checkpoint: str, size: int) -> int:
        """Bytes that a call of `size` (in the role's own unit) has been seen to need beside those
        computed: the most of its bucket and of smaller ones."""
        largest = bucket(size)
        seen = self._here(checkpoint)
        return max((extra for at, extra in seen.items() if int(at) <= largest), default=0)

    def saw(self, checkpoint: str, size: int, extra: int) -> None:
        """A call needed `extra` bytes more than computed; less than known changes nothing."""
        if extra > self.beyond(checkpoint, size):
            self._here(checkpoint)[str(bucket(size))] = extra
            self._write()

    def ran_out(self, checkpoint: str, size: int, planned: int) -> None:
        """A call that had `planned` bytes was not given enough."""
        self.saw(checkpoint, size, self.beyond(checkpoint, size) + int(planned * _GROWTH))

    def _here(self, checkpoint: str) -> dict[str, int]:
        return self._known.setdefault(f"{self._device}/{checkpoint}", {})

    def _write(self) -> None:
        if self._path is None:
            return
        beside = self._path.with_suffix(".partial")
        try:
            beside.write_text(json.dumps(self._known, indent=1, sort_keys=True), "utf-8")
            beside.replace(self._path)
        except OSError:
            self._path = None  # a figure that can be measured again is worth no error


def _read(path: Path) -> dict[str, dict[str, int]]:
    """What the file says; nothing where it is missing or not ours."""
    try:
        known = json.loads(path.read_text("utf-8"))
        return {str(k): {str(int(b)): int(e) for b, e in v.items()} for k, v in known.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
