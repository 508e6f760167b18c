"""Pictures from untrusted files: bounded, upright, 8-bit RGB.

The size a file claims is checked before any pixel is decoded; a JPEG over the bound is decoded at
a half, a quarter or an eighth of its size by its own DCT, any other format is refused.
"""

import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path

from PIL import ExifTags, Image, ImageOps
from pillow_heif import register_heif_opener

from models.errors import MediaTooLarge, UnreadableMedia
from retrieval.colour import to_rgb
from retrieval.files import read_bounded

register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
# Our errors tell what is wrong with a file; a folder of odd ones must not flood the terminal.
warnings.filterwarnings("ignore", module=r"PIL\.")

MAX_PIXELS = 100_000_000  # a 12,000 × 8,000 scan: 300 MB as RGB
MAX_BYTES = 512 << 20
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF", "AVIF")
_JPEG = ("JPEG", "MPO")
_JPEG_SCALES = (2, 4, 8)  # what libjpeg can decode at
_SIDEWAYS = range(5, 9)  # EXIF orientations that swap width and height
_LARGE_PIXELS = 24_000_000
_one_large_at_a_time = threading.Lock()

# What Pillow's parsers raise on hostile bytes (seen on its own fuzzing corpus).
_BROKEN = (
    *(OSError, SyntaxError, ValueError, EOFError, TypeError, AttributeError, AssertionError),
    *(LookupError, ArithmeticError, RuntimeError, MemoryError, struct.error, zlib.error),
)


@dataclass(frozen=True)
class Header:
    """What the file says of itself. `width`, `height` in px as shown, upright."""

    format: str
    width: int
    height: int
    taken: str | None  # EXIF date and time, "2024-05-01T12:30:00", in the camera's own time zone


def open_picture(source: Path | bytes, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """The first frame of a file or of its bytes → upright RGB with at most `max_pixels` pixels.

    Transparency is laid on white. Raises `UnreadableMedia`, `MediaTooLarge`, and `OSError` only
    where the file itself cannot be read (missing, not allowed, a failing disk).
    """
    with _opened(source) as image:
        _shrink_jpeg(image, _scale_within(image, max_pixels))
        return _decode(image, max_pixels)


def open_reduced(source: Path | bytes, least_side: int) -> tuple[Header, Image.Image]:
    """Header, and the picture upright in RGB, a large JPEG decoded smaller for speed.

    The shorter side keeps at least 2 × `least_side` px (where it had them), so that resizing to
    `least_side` still averages over pixels. Errors as in `open_picture`.
    """
    with _opened(source) as image:
        header = _header(image)
        room = min(image.size) // max(1, 2 * least_side)
        fast = max((s for s in _JPEG_SCALES if s <= room), default=1) if least_side else 1
        _shrink_jpeg(image, max(fast, _scale_within(image, MAX_PIXELS)))
        return header, _decode(image, MAX_PIXELS)


@contextmanager
def _opened(source: Path | bytes) -> Iterator[Image.Image]:
    data = source if isinstance(source, bytes) else read_bounded(source, MAX_BYTES).data
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            yield image
    except (UnreadableMedia, MediaTooLarge):
        raise
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    except _BROKEN as error:
        raise _unreadable() from error


def _scale_within(image: Image.Image, max_pixels: int) -> int:
    """The least whole scale at which a JPEG fits; 1 for what cannot be decoded smaller."""
    # A progressive JPEG keeps every coefficient in memory whatever the scale.
    if image.format not in _JPEG or image.info.get("progressive"):
        return 1
    pixels = image.width * image.height
    return next((s for s in (1, *_JPEG_SCALES) if pixels <= max_pixels * s * s), 1)


def _shrink_jpeg(image: Image.Image, scale: int) -> None:
    if scale > 1 and image.format in _JPEG:
        image.draft(None, (max(1, image.width // scale), max(1, image.height // scale)))


def _decode(image: Image.Image, max_pixels: int) -> Image.Image:
    pixels = image.width * image.height
    if pixels > max_pixels:
        raise _too_large()
    if pixels == 0:
        raise _unreadable()
    # Several decoding threads, each with a hundred megapixels, would fill a small machine.
    with _one_large_at_a_time if pixels > _LARGE_PIXELS else nullcontext():
        image.load()
        return to_rgb(_upright(image))


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except _BROKEN:  # broken EXIF must not cost the picture
        return image


def _header(image: Image.Image) -> Header:
    width, height = image.size
    orientation, taken = _exif(image)
    if orientation in _SIDEWAYS:
        width, height = height, width
    return Header(image.format or "", width, height, taken)


def _exif(image: Image.Image) -> tuple[object, str | None]:
    """(orientation, date taken); a broken EXIF block reads as none."""
    try:
        exif = image.getexif()
        original = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal)
        return exif.get(ExifTags.Base.Orientation), exif_date(original)
    except _BROKEN:
        return None, None


def exif_date(value: object) -> str | None:
    """EXIF "2024:05:01 12:30:00" (Exif 2.32) → "2024-05-01T12:30:00"; None when not a date."""
    text = value.strip("\0 ") if isinstance(value, str) else ""
    try:
        return datetime.strptime(text, "%Y:%m:%d %H:%M:%S").isoformat()  # noqa: DTZ007
    except ValueError:
        return None


def _unreadable() -> UnreadableMedia:
    return UnreadableMedia(
        "图片损坏，或者不是能读的格式。请换一张 JPEG、PNG、WebP、GIF、BMP、TIFF 或 HEIC。",
        "The picture is broken or of another format. Use JPEG, PNG, WebP, GIF, BMP, TIFF or HEIC.",
    )


def _too_large() -> MediaTooLarge:
    return MediaTooLarge(
        "图片太大，像素太多。请缩小后再试。",
        "The picture has too many pixels. Make it smaller and try again.",
    )
