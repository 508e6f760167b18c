"""PNG: XMP in an `iTXt` chunk with the keyword `XML:com.adobe.xmp` (XMP part 3, 1.1.5)."""

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from tools.labels.content import FIELD, ContentLabel, parse_label
from tools.labels.xmp import MAX_PACKET, label_of_packet, packet_with

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD = b"XML:com.adobe.xmp"
_HEAD = struct.Struct(">I4s")
_MAX_TEXT = MAX_PACKET + 1024  # keyword and language go before the packet


def read(file: BinaryIO) -> ContentLabel | None:
    """The label of the first XMP text; else that of a plain text chunk called `AIGC`."""
    plain = None
    for name, data in chunks(file):
        keyword, text = text_of(name, data)
        if keyword == XMP_KEYWORD and (label := label_of_packet(text)):
            return label
        if keyword == FIELD.encode():
            plain = plain or parse_label(text)
    return plain


def write(file: BinaryIO, label: ContentLabel) -> bytes:
    """The same picture with `label`; every other chunk stays."""
    file.seek(0)
    data = file.read()
    head_end = len(SIGNATURE) + _HEAD.size + 13 + 4  # IHDR comes first and has 13 bytes
    rest, packet = _without_xmp(data, head_end)
    return data[:head_end] + xmp_chunk(packet_with(label, packet)) + rest


def _without_xmp(data: bytes, start: int) -> tuple[bytes, bytes]:
    """Chunks from `start` on without the XMP text, and its packet."""
    kept, packet = [], b""
    for name, begin, end in spans(data, start):
        keyword, text = text_of(name, data[begin + _HEAD.size : end - 4])
        if keyword == XMP_KEYWORD:
            packet = packet or text
        else:
            kept.append(data[begin:end])
    return b"".join(kept), packet


def xmp_chunk(packet: bytes) -> bytes:
    return chunk(b"iTXt", XMP_KEYWORD + b"\0\0\0\0\0" + packet)  # neither compressed nor named


def chunk(name: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(data, zlib.crc32(name))
    return _HEAD.pack(len(data), name) + data + checksum.to_bytes(4, "big")


def spans(data: bytes, start: int = len(SIGNATURE)) -> Iterator[tuple[bytes, int, int]]:
    """(name, begin, end) of every chunk with its length and checksum; stops where it is cut."""
    while start + _HEAD.size <= len(data):
        size, name = _HEAD.unpack_from(data, start)
        end = min(start + _HEAD.size + size + 4, len(data))
        yield name, start, end
        start = end


def chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """(name, data) of the text chunks; the others are passed over unread."""
    file.seek(len(SIGNATURE))
    while len(head := file.read(_HEAD.size)) == _HEAD.size:
        size, name = _HEAD.unpack(head)
        if name in (b"iTXt", b"tEXt", b"zTXt") and size <= _MAX_TEXT:
            yield name, file.read(size)
            file.seek(4, 1)
        else:
            file.seek(size + 4, 1)


def text_of(name: bytes, data: bytes) -> tuple[bytes, bytes]:
    """(keyword, text) of a text chunk; ("", "") for any other and for a broken one."""
    keyword, _, rest = data.partition(b"\0")
    if name == b"tEXt":
        return keyword, rest
    if name == b"zTXt":
        return keyword, _inflated(rest[1:])
    if name != b"iTXt" or len(rest) < 2:
        return b"", b""
    compressed, fields = rest[0], rest[2:].split(b"\0", 2)
    text = fields[2] if len(fields) == 3 else b""
    return keyword, _inflated(text) if compressed else text


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, MAX_PACKET)
    except zlib.error:
        return b""
