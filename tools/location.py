"""Where a picture was taken, taken out of it: GPS in EXIF, XMP and what some programs make of them.

All of it is blanked in place: pixels, orientation, colour profile, dates and the camera's own
notes stay, and no offset inside the file changes. Only PNG has checksums to write anew.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Literal, NamedTuple

from tools.labels import png

_TIFF_START = re.compile(rb"II[*+]\0|MM\0[*+]")
_GPS_POINTER = 0x8825  # Exif 2.32, 4.6.3
_POINTER_TYPES = (4, 13, 16, 18)  # LONG, IFD and their 8-byte kin in BigTIFF
_TYPE_BYTES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8)
_MOST_STARTS, _MOST_DIRECTORIES, _MOST_ENTRIES = 1000, 1000, 256  # what hostile bytes may cost

_PACKET = re.compile(rb"<rdf:RDF\b.*?(?:</rdf:RDF\s*>|\Z)", re.DOTALL)
_XMP_PROPERTY = re.compile(
    rb"(?<![\w.-])(?P<name>[\w.-]{1,40}:GPS\w{0,60})\s*=\s*(?:\"[^\"<]*\"|'[^'<]*')"
    rb"|<(?P<element>[\w.-]{1,40}:GPS\w{0,60})\b[^<>]*>[^<]*</(?P=element)\s*>"
)
# ISO 6709 as phones write it into MP4: `©xyz`, or the value of a metadata key; such a film stands
# alone or behind a JPEG.
_FILM = re.compile(
    rb"(?:\xa9xyz....|data\x00\x00\x00\x01....)([+-]\d[\d.]*[+-]\d[\d.+-]*/?)", re.DOTALL
)
_NOWHERE = b"+00.0000+000.0000/"
_RAW_PROFILE = re.compile(rb"Raw profile type (?:exif|APP1|xmp)", re.IGNORECASE)
_PNG_KEYWORD = re.compile(rb"exif:GPS", re.IGNORECASE)  # as ImageMagick writes EXIF
_MOST_VALUE = 1 << 16  # bytes of one GPS field


def without_location(data: bytes) -> bytes:
    """The same picture or recording without its place; `data` itself if it had none."""
    if data.startswith(png.SIGNATURE):
        return _png_without_location(data)
    return _blanked(data)


def _blanked(data: bytes) -> bytes:
    work = bytearray(data)
    seen = set[int]()
    for match in islice(_TIFF_START.finditer(data), _MOST_STARTS):
        _Tiff(work, match.start()).blank_gps(seen)
    for packet in _PACKET.finditer(data):
        for match in _XMP_PROPERTY.finditer(packet[0]):
            begin = packet.start() + match.start()
            work[begin : begin + len(match[0])] = b" " * len(match[0])
    for match in _FILM.finditer(data):
        work[match.start(1) : match.end(1)] = _NOWHERE.ljust(len(match[1]))[: len(match[1])]
    return data if work == data else bytes(work)


class _Form(NamedTuple):
    """Bytes of the number of entries, of an offset, of an entry."""

    number: int
    offset: int
    entry: int


class _Tiff:
    """A TIFF structure inside `data`: a file of its own, or the EXIF of another (TIFF 6.0, 2)."""

    def __init__(self, data: bytearray, start: int) -> None:
        self._data = data
        self._start = start
        self._order: Literal["little", "big"] = "little" if data[start] == ord("I") else "big"
        is_big = ord("+") in data[start : start + 4]  # BigTIFF
        self._form = _Form(8, 8, 20) if is_big else _Form(2, 4, 12)

    def blank_gps(self, seen: set[int]) -> None:
        """Of every directory that is not among those `seen`."""
        for directory in list(self._directories(seen)):
            while (entry := self._gps_entry(directory)) is not None:
                place = self._value_at(entry)
                self._drop(directory, entry)  # first: a hostile place lies on top of its pointer
                self._blank_directory(place)

    def _directories(self, seen: set[int]) -> Iterator[int]:
        """Where each one lies, following the chain from the first."""
        at = self._offset(self._start + (8 if self._form.offset == 8 else 4))
        while at > self._start and at not in seen and len(seen) < _MOST_DIRECTORIES:
            seen.add(at)
            end = self._end(at)
            if end + self._form.offset > len(self._data):
                return
            yield at
            at = self._offset(end)

    def _gps_entry(self, directory: int) -> int | None:
        found = (e for e in self._entries(directory) if self._number(e, 2) == _GPS_POINTER)
        return next((e for e in found if self._number(e + 2, 2) in _POINTER_TYPES), None)

    def _entries(self, directory: int) -> range:
        """Those that lie in the data as a whole."""
        last = len(self._data) - self._form.entry
        end = min(self._end(directory), last + 1)
        return range(directory + self._form.number, end, self._form.entry)

    def _end(self, directory: int) -> int:
        """Behind its entries, where the offset of the next one stands."""
        count = self._number(directory, self._form.number)
        known = count if count <= _MOST_ENTRIES else 0
        return directory + self._form.number + known * self._form.entry

    def _value_at(self, entry: int) -> int:
        return self._offset(entry + self._form.entry - self._form.offset)

    def _blank_directory(self, directory: int) -> None:
        for entry in self._entries(directory):
            length = self._value_bytes(entry)
            if length > self._form.offset:
                self._blank(self._value_at(entry), min(length, _MOST_VALUE))
        self._blank(directory, self._end(directory) - directory)

    def _value_bytes(self, entry: int) -> int:
        kind = self._number(entry + 2, 2)
        each = _TYPE_BYTES[kind] if kind < len(_TYPE_BYTES) else 0
        return each * self._number(entry + 4, self._form.offset)

    def _drop(self, directory: int, entry: int) -> None:
        """Take an entry out: those behind it and the next offset move up."""
        end = self._end(directory) + self._form.offset
        size, width = self._form.entry, self._form.number
        self._data[entry:end] = self._data[entry + size : end] + bytes(size)
        fewer = self._number(directory, width) - 1
        self._data[directory : directory + width] = fewer.to_bytes(width, self._order)

    def _blank(self, at: int, length: int) -> None:
        end = min(at + length, len(self._data))
        if self._start < at < end:
            self._data[at:end] = bytes(end - at)

    def _offset(self, at: int) -> int:
        """An offset as written at `at`, from the start of the whole file."""
        return self._start + self._number(at, self._form.offset)

    def _number(self, at: int, size: int) -> int:
        return int.from_bytes(self._data[at : at + size], self._order)


def _png_without_location(data: bytes) -> bytes:
    kept, changed = [data[: len(png.SIGNATURE)]], False
    for name, begin, end in png.spans(data):
        old = data[begin:end]
        new = _chunk_without_location(name, old)
        changed = changed or new is not old
        kept.append(new)
    return b"".join(kept) if changed else data


def _chunk_without_location(name: bytes, chunk: bytes) -> bytes:
    """The chunk itself, one without the place, or nothing where it cannot be blanked."""
    body = chunk[8:-4]
    if name == b"eXIf":
        clean = _blanked(body)
        return chunk if clean is body else png.chunk(name, clean)
    keyword, text = png.text_of(name, body)
    if keyword == png.XMP_KEYWORD:
        clean = _blanked(text)
        return chunk if clean is text else png.xmp_chunk(clean)
    if _PNG_KEYWORD.match(keyword) or (_RAW_PROFILE.match(keyword) and _is_placed(text)):
        return b""
    return chunk


def _is_placed(profile: bytes) -> bool:
    """Whether a profile as ImageMagick writes it (a name, a length, then hex) says a place."""
    try:
        content = bytes.fromhex(profile.split(None, 2)[2].decode("ascii"))
    except (ValueError, IndexError):
        return False
    return _blanked(content) is not content
