"""What a file is, from its first bytes and its own header; never from its name."""

from dataclasses import dataclass
from pathlib import Path

import soundfile
from PIL import Image, UnidentifiedImageError
from pillow_heif import register_heif_opener

from models.errors import MediaTooLarge, UnreadableMedia
from tools.handles import KIND_ZH, Kind

register_heif_opener()

MAX_PIXELS = 100_000_000  # a 12,000 × 8,000 scan; more is a decompression bomb
MAX_SECONDS = 4 * 3600.0
_SIDEWAYS = range(5, 9)  # EXIF orientations that swap width and height
_EXIF_ORIENTATION = 0x0112

_IMAGE_MIMES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "HEIF": "image/heic",
    "AVIF": "image/avif",
}
_OPENED = [name for name in _IMAGE_MIMES if name != "MPO"]  # Pillow reaches MPO through JPEG
_AUDIO_MIMES = {
    "WAV": "audio/wav",
    "WAVEX": "audio/wav",
    "FLAC": "audio/flac",
    "OGG": "audio/ogg",
    "MP3": "audio/mpeg",
}


@dataclass(frozen=True)
class Media:
    """A readable picture (`width`, `height` in px as shown, upright) or sound (`seconds`)."""

    kind: Kind
    mime: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None


def sniff(path: Path, expected: Kind | None = None) -> Media:
    """Identify a file. `UnreadableMedia` when it is neither or not `expected`, `MediaTooLarge`."""
    media = _image(path) or _audio(path)
    if media is None:
        raise UnreadableMedia(
            "认不出这个文件，请换一张常见格式的图片（JPEG、PNG、WebP）或声音（WAV、FLAC、OGG、MP3）。",
            "Not a picture or sound we can read; use JPEG, PNG, WebP, WAV, FLAC, OGG or MP3.",
        )
    if expected is not None and media.kind != expected:
        raise UnreadableMedia(
            f"这个文件是{KIND_ZH[media.kind]}，这里需要{KIND_ZH[expected]}。",
            f"This file is {media.kind}; {expected} is needed here.",
        )
    return media


def _image(path: Path) -> Media | None:
    """Reads the header only: no pixel is decoded."""
    try:
        with Image.open(path, formats=_OPENED) as image:
            mime, (width, height) = _IMAGE_MIMES[image.format or ""], image.size
            sideways = image.getexif().get(_EXIF_ORIENTATION) in _SIDEWAYS
    except UnidentifiedImageError:
        return None
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except (OSError, ValueError, SyntaxError, OverflowError, EOFError, KeyError, IndexError) as e:
        raise UnreadableMedia(
            "图片损坏，读不出来，请换一张。", "The picture is broken; use another."
        ) from e
    if width * height > MAX_PIXELS:
        raise _too_many_pixels()
    return Media("image", mime, *((height, width) if sideways else (width, height)))


def _audio(path: Path) -> Media | None:
    try:
        info = soundfile.info(str(path))
    except soundfile.LibsndfileError:
        return None
    mime = _AUDIO_MIMES.get(info.format)
    if mime is None or info.samplerate <= 0:
        return None
    seconds = info.frames / info.samplerate
    if seconds > MAX_SECONDS:
        raise MediaTooLarge(
            f"声音太长，最多{MAX_SECONDS / 3600:.0f}小时。请截短后再试。",
            f"The sound is too long; at most {MAX_SECONDS / 3600:.0f} hours. Cut it.",
        )
    return Media("audio", mime, seconds=seconds)


def _too_many_pixels() -> MediaTooLarge:
    return MediaTooLarge(
        f"图片太大，最多{MAX_PIXELS // 1_000_000}百万像素。请缩小后再试。",
        f"The picture is too large; at most {MAX_PIXELS // 1_000_000} megapixels. Shrink it.",
    )
