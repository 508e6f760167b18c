"""MP3, FLAC, OGG and M4A: the JSON in a text tag called `AIGC` (TC260's practice guide)."""

# mypy: untyped-calls-exclude=mutagen

from collections.abc import Iterable
from io import BytesIO
from typing import Any, BinaryIO

from mutagen import File, FileType, MutagenError
from mutagen.flac import FLAC
from mutagen.id3 import ID3, TXXX
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4, AtomDataType, MP4FreeForm, MP4Tags
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis

from models.errors import UnreadableMedia
from tools.labels.content import FIELD, ContentLabel, parse_label

_OGG = (OggVorbis, OggOpus, OggFLAC)
_MP4_KEY = f"----:com.apple.iTunes:{FIELD}"
_LATIN_1 = 0  # the one text encoding that every version of ID3 has; the JSON is ASCII
# What mutagen's parsers raise on hostile bytes, besides their own error.
_BROKEN = (MutagenError, ValueError, LookupError, ArithmeticError, OSError, MemoryError, EOFError)


def read(file: BinaryIO) -> ContentLabel | None:
    try:
        tags = _open(file).tags
        values: Iterable[str | bytes] = () if tags is None else _values(tags)
    except _BROKEN:  # broken tags say nothing
        return None
    return next((label for value in values if (label := parse_label(value))), None)


def write(file: BinaryIO, label: ContentLabel) -> bytes:
    """The same sound with `label`; every other tag stays."""
    file.seek(0)
    copy = BytesIO(file.read())
    try:
        sound = _open(copy)
        if sound.tags is None:
            sound.add_tags()
        _set(sound.tags, label.json())
        copy.seek(0)
        sound.save(copy)
    except _BROKEN as error:
        raise UnreadableMedia(
            "声音文件损坏，AI 标识写不进去。请换一个文件。",
            "The sound is broken; the label cannot be written. Use another file.",
        ) from error
    return copy.getvalue()


def _open(file: BinaryIO) -> FileType:
    file.seek(0)
    head = file.read(12)
    file.seek(0)
    if head.startswith(b"OggS"):
        sound: FileType | None = File(file, options=_OGG)
        if sound is None:  # not `or`: a sound without tags counts as empty
            raise MutagenError("an OGG file of a kind without tags")
        return sound
    if head.startswith(b"fLaC"):
        return FLAC(file)
    return MP4(file) if head[4:8] == b"ftyp" else MP3(file)


def _values(tags: Any) -> Iterable[str | bytes]:
    """What stands under `AIGC`, in any case of letters."""
    if isinstance(tags, ID3):
        return [str(frame) for frame in _frames(tags)]
    values = tags.get(_MP4_KEY if isinstance(tags, MP4Tags) else FIELD, [])
    return [bytes(v) if isinstance(v, bytes) else str(v) for v in values]


def _frames(tags: ID3) -> list[TXXX]:
    return [frame for frame in tags.getall("TXXX") if frame.desc.upper() == FIELD]


def _set(tags: Any, content: str) -> None:
    if isinstance(tags, ID3):
        for frame in _frames(tags):
            tags.delall(frame.HashKey)
        tags.add(TXXX(encoding=_LATIN_1, desc=FIELD, text=[content]))
    elif isinstance(tags, MP4Tags):
        tags[_MP4_KEY] = [MP4FreeForm(content.encode(), AtomDataType.UTF8)]
    else:  # Vorbis comments: names in any case of letters are one
        tags[FIELD] = [content]
