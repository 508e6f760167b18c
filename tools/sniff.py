"""What a file is, from its own bytes and by decoding it; never from its name."""

from dataclasses import dataclass
from pathlib import Path

import soundfile

from models.errors import MediaTooLarge, UnreadableMedia
from retrieval.media import open_reduced
from tools.handles import KIND_ZH, Kind

MAX_SECONDS = 4 * 3600.0
_CHECKED_SIDE = 256  # px; decoding small is enough to know that a picture is whole

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
    with path.open("rb") as file:
        media = _sound(path) if _begins_like_sound(file.read(12)) else _picture(path)
    if expected is not None and media.kind != expected:
        raise UnreadableMedia(
            f"这个文件是{KIND_ZH[media.kind]}，这里需要{KIND_ZH[expected]}。",
            f"This file is {media.kind}; {expected} is needed here.",
        )
    return media


def _begins_like_sound(head: bytes) -> bool:
    wave = head[:4] == b"RIFF" and head[8:12] == b"WAVE"
    mpeg_frame = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0  # 11 bits of sync
    return wave or mpeg_frame or head.startswith((b"fLaC", b"OggS", b"ID3"))


def _picture(path: Path) -> Media:
    header, _ = open_reduced(path, _CHECKED_SIDE)
    return Media("image", _IMAGE_MIMES[header.format], header.width, header.height)


def _sound(path: Path) -> Media:
    try:
        info = soundfile.info(str(path))
    except soundfile.LibsndfileError as error:
        raise _unreadable_sound() from error
    mime = _AUDIO_MIMES.get(info.format)
    if mime is None or info.samplerate <= 0 or info.frames <= 0:
        raise _unreadable_sound()
    seconds = info.frames / info.samplerate
    if seconds > MAX_SECONDS:
        hours = f"{MAX_SECONDS / 3600:.0f}"
        raise MediaTooLarge(
            f"声音太长，最多{hours}小时。请截短后再试。",
            f"The sound is too long; at most {hours} hours. Cut it and try again.",
        )
    return Media("audio", mime, seconds=seconds)


def _unreadable_sound() -> UnreadableMedia:
    return UnreadableMedia(
        "声音损坏，或者不是能读的格式。请换一个 WAV、FLAC、OGG 或 MP3。",
        "The sound is broken or of another format. Use WAV, FLAC, OGG or MP3.",
    )
