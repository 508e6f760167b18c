"""XMP packets (ISO 16684-1) with the label as the property `TC260:AIGC`.

The namespace and the form (a simple text property that holds the JSON) are those of TC260's
practice guide on labels in the metadata of files.
"""

import re
from typing import BinaryIO
from xml.parsers import expat
from xml.sax.saxutils import escape

from tools.labels.content import FIELD, MAX_JSON, ContentLabel, parse_label

NAMESPACE = "http://www.tc260.org.cn/ns/AIGC/1.0/"
MAX_PACKET = 1 << 20  # bytes; what Pillow takes of a PNG text too
_PADDING = b"\0 \t\r\n"
_PROPERTY = f"{NAMESPACE} {FIELD}"
_LAST_TAG = b"</x:xmpmeta>"
_RDF_END = re.compile(rb"</(?:[\w.-]+:)?RDF\s*>")
_DESCRIPTION = (
    '<rdf:Description xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" rdf:about=""'
    f' xmlns:TC260="{NAMESPACE}"><TC260:AIGC>%s</TC260:AIGC></rdf:Description>'
)
_PACKET_BEGIN = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
).encode()
_PACKET_END = b'</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'


def packet_with(label: ContentLabel, packet: bytes = b"") -> bytes:
    """An XMP packet that says `label`; what else `packet` says stays, where it can be read."""
    description = (_DESCRIPTION % escape(label.json())).encode()
    kept = _without_label(packet.strip(_PADDING))
    if ends := list(_RDF_END.finditer(kept)):
        at = ends[-1].start()
        merged = kept[:at] + description + kept[at:]
        if label_of_packet(merged) == label:
            return merged
    return _PACKET_BEGIN + description + _PACKET_END


def label_of_packet(packet: bytes) -> ContentLabel | None:
    """The label that a packet says; None too for what is no XML, too long, or has a DTD."""
    found = _find(packet.strip(_PADDING))
    return None if found is None or found.text is None else parse_label(found.text)


def _without_label(packet: bytes) -> bytes:
    found = _find(packet)
    if found is None or found.element is None:
        return packet
    begin, end = found.element
    return packet[:begin] + packet[packet.index(b">", end) + 1 :]


def _find(packet: bytes) -> "_Reader | None":
    reader = _Reader()
    try:
        if len(packet) <= MAX_PACKET:
            reader.read(packet)
            return reader
    except (expat.ExpatError, _Refused, ValueError, LookupError):
        pass
    return None


class _Refused(Exception):
    """A document type declaration: the only place where entities can be declared."""


class _Reader:
    """Collects the text of the first `TC260:AIGC`, written as an element or as an attribute.

    `element`: the bytes at which its opening and its closing tag begin.
    """

    def __init__(self) -> None:
        self.text: str | None = None
        self.element: tuple[int, int] | None = None
        self._begin: int | None = None
        self._parser = expat.ParserCreate(namespace_separator=" ")

    def read(self, packet: bytes) -> None:
        parser = self._parser
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.Parse(packet, True)

    def _doctype(self, *_: object) -> None:
        raise _Refused

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self.text is not None:
            return
        if name == _PROPERTY:
            self.text, self._begin = "", self._parser.CurrentByteIndex
        else:
            self.text = attributes.get(_PROPERTY)

    def _end(self, name: str) -> None:
        if name == _PROPERTY and self._begin is not None:
            self.element = (self._begin, self._parser.CurrentByteIndex)
            self._begin = None

    def _data(self, data: str) -> None:
        if self._begin is not None and self.text is not None and len(self.text) <= MAX_JSON:
            self.text += data


def scan(file: BinaryIO) -> ContentLabel | None:
    """The label of the first packet found by its first and last words.

    For TIFF, HEIC, AVIF and GIF, which hold packets as they are; XMP part 3 calls it scanning.
    """
    file.seek(0)
    data = file.read()
    begin = data.find(b"<x:xmpmeta")
    end = data.find(_LAST_TAG, begin)
    return None if begin < 0 or end < 0 else label_of_packet(data[begin : end + len(_LAST_TAG)])
