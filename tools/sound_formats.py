"""A sound that was made here in another format, with its AI-content label.

Formats without a place for the label (raw PCM, bare AAC) are none of these.
"""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import soundfile

from tools.labels import read_label, write_label
from tools.resample import Resampler

SoundFormat = Literal["mp3", "opus", "flac", "wav"]
_OPUS_RATE = 24_000  # Hz; Opus knows five rates, and 22,050 is none of them


class _Encoding(NamedTuple):
    """`form`, `subtype` as libsndfile names them."""

    mime: str
    form: str
    subtype: str


_ENCODINGS: dict[SoundFormat, _Encoding] = {
    "mp3": _Encoding("audio/mpeg", "MP3", "MPEG_LAYER_III"),
    "opus": _Encoding("audio/ogg", "OGG", "OPUS"),
    "flac": _Encoding("audio/flac", "FLAC", "PCM_16"),
    "wav": _Encoding("audio/wav", "WAV", "PCM_16"),
}


def mime_of(form: SoundFormat) -> str:
    return _ENCODINGS[form].mime


def encoded(sounds: Sequence[Path], form: SoundFormat) -> bytes:
    """`sounds`, mono WAV files of one rate, one after the other as one file of `form`; it carries
    the label of the first."""
    if form == "wav" and len(sounds) == 1:
        return sounds[0].read_bytes()
    read = [soundfile.read(sound, dtype="float32") for sound in sounds]
    samples, rate = np.concatenate([samples for samples, _ in read]), read[0][1]
    if form == "opus":
        samples, rate = _resampled(samples, rate), _OPUS_RATE
    sink = BytesIO()
    _, container, subtype = _ENCODINGS[form]
    soundfile.write(sink, samples, rate, format=container, subtype=subtype)
    label = read_label(sounds[0])
    return write_label(sink.getvalue(), label) if label else sink.getvalue()


def _resampled(samples: npt.NDArray[np.float32], rate: int) -> npt.NDArray[np.float32]:
    """Samples [n] at `rate` Hz → [m] at `_OPUS_RATE`."""
    resampler = Resampler(_OPUS_RATE)
    return np.concatenate([*resampler.push(rate, samples), *resampler.end()])
