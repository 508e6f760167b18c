"""RIFF files: WebP with XMP in its own chunk, WAV with a chunk `AIGC` that holds the JSON."""

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

from PIL import Image

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
    kept = list(chunks(file))
    packet = next((data for name, data in kept if name == _XMP), b"")
    kept = [(name, data) for name, data in kept if name != _XMP]
    if kept and kept[0][0] != _VP8X:
        kept.insert(0, (_VP8X, _extended_header(file)))
    if kept and kept[0][1]:
        flags = kept[0][1]
        kept[0] = (_VP8X, bytes((flags[0] | _HAS_XMP,)) + flags[1:])
    kept.append((_XMP, packet_with(label, packet)))
    return riff(b"WEBP", kept)


def _extended_header(file: BinaryIO) -> bytes:
    """VP8X of a simple file: flags, three reserved bytes, width − 1 and height − 1 in 24 bits."""
    file.seek(0)
    with Image.open(BytesIO(file.read()), formats=("WEBP",)) as picture:
        flags = _HAS_ALPHA if picture.mode == "RGBA" else 0
        sides = b"".join((side - 1).to_bytes(3, "little") for side in picture.size)
    return bytes((flags, 0, 0, 0)) + sides


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
