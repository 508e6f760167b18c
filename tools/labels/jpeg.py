"""JPEG: XMP in an APP1 segment (XMP part 3, 1.1.3)."""

from collections.abc import Iterator
from itertools import takewhile
from typing import BinaryIO, NamedTuple

from tools.labels.content import ContentLabel
from tools.labels.xmp import label_of_packet, packet_with

START = b"\xff\xd8"
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
APP0, APP1, START_OF_SCAN, END = 0xE0, 0xE1, 0xDA, 0xD9
_MAX_BODY = 0xFFFF - 2  # bytes after the length of a segment


class Segment(NamedTuple):
    """A marker segment of the header; `body` is what follows its length."""

    marker: int
    body: bytes

    def __bytes__(self) -> bytes:
        return bytes((0xFF, self.marker)) + (len(self.body) + 2).to_bytes(2, "big") + self.body

    @property
    def is_xmp(self) -> bool:
        return self.marker == APP1 and self.body.startswith(XMP_HEAD)


def read(file: BinaryIO) -> ContentLabel | None:
    file.seek(len(START))
    for segment in segments(file):
        if segment.is_xmp:
            return label_of_packet(segment.body[len(XMP_HEAD) :])
    return None


def write(file: BinaryIO, label: ContentLabel) -> bytes:
    """The same picture with `label`; every other segment and the picture's data stay."""
    file.seek(len(START))
    found = list(segments(file))
    picture = file.read()
    packet = next((s.body[len(XMP_HEAD) :] for s in found if s.is_xmp), b"")
    kept = [segment for segment in found if not segment.is_xmp]
    # JFIF and EXIF want to be first.
    lead = len(list(takewhile(lambda segment: segment.marker in (APP0, APP1), kept)))
    kept.insert(lead, _xmp_segment(label, packet))
    return START + b"".join(map(bytes, kept)) + picture


def _xmp_segment(label: ContentLabel, packet: bytes) -> Segment:
    body = XMP_HEAD + packet_with(label, packet)
    if len(body) > _MAX_BODY:  # a packet that filled its segment: the label goes before it
        body = XMP_HEAD + packet_with(label)
    return Segment(APP1, body)


def segments(file: BinaryIO) -> Iterator[Segment]:
    """The header's segments up to the picture's data, where `file` stands at the end."""
    while True:
        begin = file.tell()
        head = file.read(4)
        while head[:2] == b"\xff\xff":  # fill bytes
            head = head[1:] + file.read(1)
        size = int.from_bytes(head[2:], "big") - 2
        if len(head) < 4 or head[0] != 0xFF or head[1] in (START_OF_SCAN, END) or size < 0:
            file.seek(begin)
            return
        yield Segment(head[1], file.read(size))
