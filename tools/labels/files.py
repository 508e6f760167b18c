"""Labels read from files and written into them, whatever the format; known by their first bytes."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from models.errors import UnreadableMedia
from tools.labels import jpeg, png, riff, tags, xmp
from tools.labels.content import ContentLabel

PictureFormat = Literal["PNG", "JPEG", "WEBP"]
_HEAD_BYTES = 12
_SOUND_BRANDS = (b"M4A", b"M4B", b"mp4", b"iso", b"dash")  # `ftyp` of sound, not of HEIC or AVIF
_PCM, _BITS = 1, 16

_Read = Callable[[BinaryIO], ContentLabel | None]
_Write = Callable[[BinaryIO, ContentLabel], bytes]


class _Container(NamedTuple):
    read: _Read
    write: _Write


def read_label(source: Path | bytes) -> ContentLabel | None:
    """The label of a picture or sound; None when it has none that can be understood."""
    with BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        container = _container(head)
        if container is not None:
            return container.read(file)
        return xmp.scan(file) if head.startswith(_SCANNED) or head[4:8] == b"ftyp" else None


def write_label(data: bytes, label: ContentLabel) -> bytes:
    """The same file with `label` in place of any other; pictures and sound are not recoded.

    PNG, JPEG, WebP, WAV, MP3, FLAC, OGG, M4A; `UnreadableMedia` for anything else.
    """
    container = _container(data[:_HEAD_BYTES])
    if container is None:
        raise UnreadableMedia(
            "这种格式里放不下 AI 标识。请用 PNG、JPEG、WebP、WAV、MP3、FLAC、OGG 或 M4A。",
            "This format cannot hold the label. Use PNG, JPEG, WebP, WAV, MP3, FLAC, OGG or M4A.",
        )
    labelled = container.write(BytesIO(data), label)
    if read_label(labelled) != label:  # a label that cannot be read back is no label
        raise UnreadableMedia(
            "文件结构损坏，AI 标识没有写进去。请换一个文件。",
            "The file's structure is broken; the label could not be written. Use another file.",
        )
    return labelled


def label_image(
    picture: Image.Image, form: PictureFormat, label: ContentLabel, *, quality: int = 90
) -> bytes:
    """Encode `picture` in the format `form` and write `label` into it. `quality`: not for PNG."""
    sink = BytesIO()
    picture.save(sink, form, quality=quality)
    return write_label(sink.getvalue(), label)


def label_sound(samples: npt.NDArray[np.float32], sample_rate: int, label: ContentLabel) -> bytes:
    """Mono `samples` [n] in −1…1 → a 16-bit WAV file that carries `label`."""
    pcm = (np.clip(samples, -1, 1) * 32767).round().astype("<i2").tobytes()
    width = _BITS // 8
    form = riff.WAVE_FORMAT.pack(_PCM, 1, sample_rate, sample_rate * width, width, _BITS)
    return write_label(riff.riff(b"WAVE", [(b"fmt ", form), (b"data", pcm)]), label)


_PNG = _Container(png.read, png.write)
_JPEG = _Container(jpeg.read, jpeg.write)
_WEBP = _Container(riff.read_webp, riff.write_webp)
_WAV = _Container(riff.read_wav, riff.write_wav)
_TAGS = _Container(tags.read, tags.write)
_SCANNED = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"GIF8")


def _container(head: bytes) -> _Container | None:
    if head.startswith(png.SIGNATURE):
        return _PNG
    if head.startswith(jpeg.START):
        return _JPEG
    if head[:4] == b"RIFF":
        return {b"WEBP": _WEBP, b"WAVE": _WAV}.get(head[8:12])
    return _TAGS if _holds_tags(head) else None


def _holds_tags(head: bytes) -> bool:
    if head[4:8] == b"ftyp":
        return head[8:].startswith(_SOUND_BRANDS)
    mpeg_frame = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0  # 11 bits of sync
    return mpeg_frame or head.startswith((b"ID3", b"fLaC", b"OggS"))
