"""Whether the tables of an MP4 file are of a size that its sound can need.

libav turns `stsz` (ISO/IEC 14496-12, 8.7.3) and `trun` (8.8.8) into one index entry of 35 bytes for
each sample they count, and the count costs a file nothing: 1.6 kB can ask for six gigabytes. Boxes
may stand anywhere, as an index may point into the middle of the media data, so all bytes are looked
through; a `moov` compressed with zlib, which could hide them, is refused.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

MAX_SAMPLES = 3_000_000  # sound of 4 h at 48 kHz has 0.7 million packets, film at 60/s 0.9
_COMPRESSED = b"dcomzlib"
_COUNT_AT = {b"stsz": 12, b"stz2": 12, b"trun": 8}  # bytes from the name to the number of samples
_BLOCK = 1 << 20
_OVERLAP = 32


def tables_fit(file: BinaryIO, size: int) -> bool:
    """Whether all sample counts in a file of `size` bytes stay within `MAX_SAMPLES` together."""
    samples = 0
    for start, data in _blocks(file):
        if _COMPRESSED in data:
            return False
        for name, offset in _COUNT_AT.items():
            samples += sum(_counts(data, name, offset, size - start))
        if samples > MAX_SAMPLES:
            return False
    return True


def _blocks(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """(where it begins, bytes): each block begins with the end of the one before."""
    at, kept = 0, b""
    while block := file.read(_BLOCK):
        yield at - len(kept), kept + block
        at += len(block)
        kept = (kept + block)[-_OVERLAP:]


def _counts(data: bytes, name: bytes, offset: int, room: int) -> Iterator[int]:
    """What every box `name` in `data` counts. `room`: bytes from here to the end of the file."""
    at = data.find(name, 4)
    while at >= 0 and at + offset + 4 <= len(data):
        (box_size,) = struct.unpack_from(">I", data, at - 4)
        # Four letters can also occur in the media itself: a box has to fit into the file.
        if box_size in (0, 1) or 16 <= box_size <= room - at + 4:
            yield struct.unpack_from(">I", data, at + offset)[0]
        at = data.find(name, at + 1)
