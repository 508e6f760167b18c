"""What a file is, from its own bytes and by decoding it; never from its name."""

from dataclasses import dataclass
from pathlib import Path

from models.errors import UnreadableMedia
from retrieval.media import open_reduced
from tools.handles import KIND_ZH, Kind
from tools.sound import HEAD_BYTES, begins_like_sound, open_sound

_CHECKED_SIDE = 256  # px; decoding small is enough to know that a picture is whole

IMAGE_MIMES = {
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
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    media = _sound(path) if begins_like_sound(head) else _other(path, expected)
    if expected is not None and media.kind != expected:
        raise UnreadableMedia(
            f"这个文件是{KIND_ZH[media.kind]}，这里需要{KIND_ZH[expected]}。",
            f"This file is {media.kind}; {expected} is needed here.",
        )
    return media


def _other(path: Path, expected: Kind | None) -> Media:
    """A picture. Where it is none, what should have been a sound is told as such."""
    try:
        return _picture(path)
    except UnreadableMedia:
        if expected != "audio":
            raise
        return _sound(path)


def _picture(path: Path) -> Media:
    header, _ = open_reduced(path, _CHECKED_SIDE)
    return Media("image", IMAGE_MIMES[header.format], header.width, header.height)


def _sound(path: Path) -> Media:
    sound = open_sound(path)
    return Media("audio", sound.mime, seconds=sound.seconds)
