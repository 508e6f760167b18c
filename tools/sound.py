"""Sounds from untrusted files: bounded, mono, as a stream of blocks in constant memory.

WAV, FLAC, MP3, Ogg (Vorbis, Opus), MP4/M4A (AAC) and WebM/Matroska (Opus, Vorbis), told apart by
their first bytes. libav demuxes with the one demuxer that those bytes name and decodes the first
sound track alone, with the decoders listed here: no playlist is followed, no cover picture or video
is decoded, no other file is opened. How long a sound is comes from its packets, never from what its
header claims.
"""

import os
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from models.errors import MediaTooLarge, UnreadableMedia
from tools.mp4_tables import tables_fit
from tools.resample import Resampler, Samples, gathered

MAX_SECONDS = 4 * 3600.0
MAX_BYTES = 2 << 30
MAX_CHANNELS = 32
RATES = range(1_000, 768_001)  # Hz
HEAD_BYTES = 64
_CUT_SECONDS = 1.0  # how much may be missing at the end before a file counts as cut off
_OPTIONS = {
    "codec_whitelist": "aac,alac,flac,mp1float,mp2,mp2float,mp3float,opus,vorbis,pcm_u8,pcm_s16le,"
    "pcm_s24le,pcm_s32le,pcm_f32le,pcm_f64le,pcm_alaw,pcm_mulaw,adpcm_ms,adpcm_ima_wav",
    "max_streams": "32",
    "probesize": "2000000",  # bytes
    "protocol_whitelist": "",  # we hand the bytes over: nothing else is to be opened
}
_DECODERS = frozenset(_OPTIONS["codec_whitelist"].split(","))
_EXACT_HEADERS = ("audio/flac", "audio/mp4")  # the others estimate their length
_UNKNOWN_LENGTH = 0x7FFF0000  # and above: what writers that cannot go back put into a WAV
_CUT_BYTES = 16_000


@dataclass(frozen=True)
class Sound:
    """A readable sound: `seconds` that are really there; `cut` when the header promises more."""

    path: Path
    mime: str
    seconds: float
    cut: bool

    def blocks(self, sample_rate: int) -> "Blocks":
        """The sound as mono blocks at `sample_rate` Hz, about half a second each."""
        return Blocks(self.path, sample_rate)


class Blocks:
    """Float32 mono blocks [n], from the beginning each time they are iterated over.

    Channels are averaged. What cannot be decoded is left out, and `damaged` says so afterwards.
    Raises `UnreadableMedia` when nothing could be decoded, `MediaTooLarge` past `MAX_SECONDS`.
    """

    def __init__(self, path: Path, sample_rate: int) -> None:
        self._path = path
        self._rate = sample_rate
        self.damaged = False

    def __iter__(self) -> Iterator[Samples]:
        self.damaged = False
        seconds = 0.0
        resampler = Resampler(self._rate)
        with _opened(self._path) as (container, stream, _):
            for rate, samples in gathered(_frames(container, stream, self._note_damage)):
                seconds += len(samples) / rate
                if seconds > MAX_SECONDS:
                    raise _too_long()
                yield from resampler.push(rate, samples)
            yield from resampler.end()
        if not seconds:
            raise _unreadable()

    def _note_damage(self) -> None:
        self.damaged = True


def open_sound(path: Path) -> Sound:
    """Look through a file and decode its beginning.

    Errors: `UnreadableMedia` (broken, empty, no sound in it, another format), `MediaTooLarge`
    (bytes, seconds, channels, sampling rate), `OSError` only where the file cannot be read.
    """
    with _opened(path) as (container, stream, mime):
        claimed = _claimed(stream) if mime in _EXACT_HEADERS else 0.0
        seconds = _measured(container, stream)
    cut = seconds + _CUT_SECONDS < claimed <= MAX_SECONDS
    return Sound(path, mime, seconds, cut=cut or (mime == "audio/wav" and _wav_is_cut(path)))


def begins_like_sound(head: bytes) -> bool:
    """Whether a file that begins so is read as a sound (or as the sound of a film)."""
    return _format(head) is not None


def _format(head: bytes) -> tuple[str, str] | None:
    """(libav's demuxer, MIME type) by the first bytes of a file."""
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return "wav", "audio/wav"
    if head.startswith(b"fLaC"):
        return "flac", "audio/flac"
    if head.startswith(b"OggS"):
        return "ogg", "audio/ogg"
    if head.startswith(b"\x1a\x45\xdf\xa3"):  # EBML
        return "matroska", "audio/webm" if b"webm" in head else "audio/x-matroska"
    if head[4:8] == b"ftyp" and head[8:12] not in _STILL_BRANDS:
        return "mov", "audio/mp4"
    mpeg_frame = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0  # 11 bits of sync
    if head.startswith(b"ID3") or (mpeg_frame and head[1] & 0x06):  # layer 0 would be ADTS
        return "mp3", "audio/mpeg"
    return None


_STILL_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1",
                 b"avif", b"avis")  # fmt: skip


@contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, AudioStream, str]]:
    """The file's container, its first sound track, its MIME type."""
    with _regular_file(path) as file:
        found = _format(file.read(HEAD_BYTES))
        if found is None:
            raise _unreadable()
        demuxer, mime = found
        file.seek(0)
        if demuxer == "mov" and not tables_fit(file, os.fstat(file.fileno()).st_size):
            raise _unreadable()
        file.seek(0)
        try:
            container = av.open(
                file,
                "r",
                format=demuxer,
                container_options=_OPTIONS,
                metadata_errors="replace",
            )
        except (av.error.FFmpegError, ValueError, MemoryError) as error:
            raise _unreadable() from error
        with container:
            yield container, _sound_track(container), mime


@contextmanager
def _regular_file(path: Path) -> Iterator[BinaryIO]:
    # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _unreadable()
        if status.st_size > MAX_BYTES:
            raise MediaTooLarge(
                f"声音文件太大，最多 {MAX_BYTES >> 30} GiB。请压缩后再试。",
                f"The sound file is too large; at most {MAX_BYTES >> 30} GiB. Compress it.",
            )
        yield file


def _sound_track(container: InputContainer) -> AudioStream:
    tracks = container.streams.audio
    if not tracks:
        raise UnreadableMedia(
            "这个文件里没有声音，请换一个。", "There is no sound in this file; use another."
        )
    # The stubs say it is always there; a track without a known decoder has none.
    readable = [t for t in tracks if t.codec_context and t.codec_context.name in _DECODERS]
    if not readable or not readable[0].rate:
        raise _unreadable()
    _check_shape(readable[0].rate, readable[0].channels)
    readable[0].codec_context.thread_count = 1
    return readable[0]


def _claimed(stream: AudioStream) -> float:
    """Seconds by the header; a writer that cannot go back leaves 0 or something huge there."""
    return float((stream.duration or 0) * (stream.time_base or 0))


def _wav_is_cut(path: Path) -> bool:
    """Whether a WAV file is shorter than its RIFF header says (libav then believes the file)."""
    with path.open("rb") as file:
        (riff_bytes,) = struct.unpack("<4xI", file.read(8))
    return path.stat().st_size + _CUT_BYTES < int(riff_bytes) < _UNKNOWN_LENGTH


def _measured(container: InputContainer, stream: AudioStream) -> float:
    """Seconds by the packets' durations; the beginning is decoded to see that it can be."""
    ticks, decoded = 0, False
    tick = float(stream.time_base or 0)
    try:
        for packet in container.demux(stream):
            decoded = decoded or bool(_decoded(packet))
            ticks += max(0, packet.duration or 0)
            if ticks * tick > MAX_SECONDS:
                raise _too_long()
    except av.error.FFmpegError:  # it breaks off here
        pass
    if not decoded:
        raise _unreadable()
    return ticks * tick


def _decoded(packet: "av.Packet[AudioStream]") -> list[AudioFrame] | None:
    """The frames of a packet; None when it is damaged."""
    try:
        return packet.decode()
    except av.error.FFmpegError:
        return None


def _frames(
    container: InputContainer, stream: AudioStream, on_damage: Callable[[], None]
) -> Iterator[AudioFrame]:
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError:
            on_damage()
            return
        if packet is None:
            return
        frames = _decoded(packet)
        if frames is None:
            on_damage()
        for frame in frames or ():
            _check_shape(frame.sample_rate, frame.layout.nb_channels)
            yield frame


def _unreadable() -> UnreadableMedia:
    return UnreadableMedia(
        "声音损坏，或者不是能读的格式。请换一个 WAV、FLAC、MP3、OGG、M4A 或 WebM。",
        "The sound is broken or of another format. Use WAV, FLAC, MP3, OGG, M4A or WebM.",
    )


def _too_long() -> MediaTooLarge:
    hours = f"{MAX_SECONDS / 3600:.0f}"
    return MediaTooLarge(
        f"声音太长，最多{hours}小时。请截短后再试。",
        f"The sound is too long; at most {hours} hours. Cut it and try again.",
    )


def _check_shape(rate: int, channels: int) -> None:
    if rate not in RATES or channels > MAX_CHANNELS:
        raise MediaTooLarge(
            f"声道或采样率超出范围：最多{MAX_CHANNELS}个声道，{RATES[0]}到{RATES[-1]}赫兹。"
            "请转换后再试。",
            f"At most {MAX_CHANNELS} channels and {RATES[0]} to {RATES[-1]} Hz; convert the sound.",
        )
