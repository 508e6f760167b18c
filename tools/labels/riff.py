"""RIFF files: WebP with XMP in its own chunk, WAV with a chunk `AIGC` that holds the JSON."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from tools.labels.content import FIELD, MAX_JSON, ContentLabel, parse_label
from tools.labels.xmp import MAX_PACKET, label_of_packet, packet_with

_HEAD = struct.Struct("<4sI")
WAVE_FORMAT = struct.Struct("<HHIIHH")  # code, channels, rate, bytes/s, bytes a frame, bits
_START = 12  # "RIFF", the length, the form type
_XMP, _AIGC, _VP8X = b"XMP ", FIELD.encode(), b"VP8X"
_HAS_XMP, _HAS_ALPHA = 0x04, 0x10  # flags of VP8X (WebP container specification)


def read_webp(file: BinaryIO) -> ContentLabel | None:
    packet = _find(file, _XMP, MAX_PACKET)
    return None if packet is None else label_of_packet(packet)


def read_wav(file: BinaryIO) -> ContentLabel | None:
    content = _find(file, _AIGC, MAX_JSON)
    return None if content is None else parse_label(content)


def write_wav(file: BinaryIO, label: ContentLabel) -> bytes:
    """The same sound with `label` after its format; players pass over chunks they don't know."""
    kept = [(name, data) for name, data in chunks(file) if name != _AIGC]
    after = next((i for i, (name, _) in enumerate(kept, 1) if name == b"fmt "), 0)
    kept.insert(after, (_AIGC, label.json().encode()))
    return riff(b"WAVE", kept)


def write_webp(file: BinaryIO, label: ContentLabel) -> bytes:
    """The same picture with `label`, in the extended format, which alone can hold XMP."""
    found = list(chunks(file))
    packet = next((data for name, data in found if name == _XMP), b"")
    kept = [(name, data) for name, data in found if name not in (_XMP, _VP8X)]
    header = next((data for name, data in found if name == _VP8X), b"") or _extended_header(kept)
    extended = (_VP8X, bytes((header[0] | _HAS_XMP,)) + header[1:])
    return riff(b"WEBP", [extended, *kept, (_XMP, packet_with(label, packet))])


def _extended_header(found: list[tuple[bytes, bytes]]) -> bytes:
    """VP8X of a simple file: flags, three reserved bytes, width − 1 and height − 1 in 24 bits.

    The sides stand in 14 bits each: RFC 6386, 9.1 (lossy); WebP lossless specification, 3.
    """
    name, data = found[0] if found else (b"", b"")
    if name == b"VP8L":
        bits = int.from_bytes(data[1:5], "little")
        width, height, alpha = bits & 0x3FFF, bits >> 14 & 0x3FFF, bits >> 28 & 1
    else:
        bits = int.from_bytes(data[6:10], "little")
        width, height, alpha = (bits & 0x3FFF) - 1, (bits >> 16 & 0x3FFF) - 1, 0
    sides = max(width, 0).to_bytes(3, "little") + max(height, 0).to_bytes(3, "little")
    return bytes((_HAS_ALPHA * alpha, 0, 0, 0)) + sides


def chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """(name, data) of every chunk; the last may be cut short."""
    file.seek(_START)
    while len(head := file.read(_HEAD.size)) == _HEAD.size:
        name, size = _HEAD.unpack(head)
        yield name, file.read(size)
        file.seek(size % 2, 1)  # chunks lie on even bytes


def _find(file: BinaryIO, wanted: bytes, longest: int) -> bytes | None:
    """The data of the first chunk called `wanted`; the others are passed over unread."""
    file.seek(_START)
    while len(head := file.read(_HEAD.size)) == _HEAD.size:
        name, size = _HEAD.unpack(head)
        if name == wanted:
            return file.read(size) if size <= longest else None
        file.seek(size + size % 2, 1)
    return None


def riff(form: bytes, content: list[tuple[bytes, bytes]]) -> bytes:
    body = b"".join(
        _HEAD.pack(name, len(data)) + data + b"\0" * (len(data) % 2) for name, data in content
    )
    return _HEAD.pack(b"RIFF", 4 + len(body)) + form + body
