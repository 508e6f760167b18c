"""Decoded frames of any shape → mono samples of one rate (libswresample's polyphase filter)."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

Samples = npt.NDArray[np.float32]  # [n], −1 to 1

_GATHERED_SECONDS = 0.5
_FULL_SCALE = {"u1": 2.0**7, "i2": 2.0**15, "i4": 2.0**31, "i8": 2.0**63}


def gathered(frames: Iterator[AudioFrame]) -> Iterator[tuple[int, Samples]]:
    """(rate in Hz, mono samples): frames of one shape together, as small ones cost time."""
    held: list[npt.NDArray[Any]] = []
    shape, length = (0, 0, ""), 0
    for frame in frames:
        if held and (_shape(frame) != shape or length >= shape[0] * _GATHERED_SECONDS):
            yield shape[0], _mono(np.concatenate(held, axis=1))
            held, length = [], 0
        shape = _shape(frame)
        held.append(_channels(frame))
        length += frame.samples
    if held:
        yield shape[0], _mono(np.concatenate(held, axis=1))


def _shape(frame: AudioFrame) -> tuple[int, int, str]:
    return frame.sample_rate, frame.layout.nb_channels, frame.format.name


def _channels(frame: AudioFrame) -> npt.NDArray[Any]:
    """A frame as [channels, n], in whatever number format it was decoded to."""
    array = frame.to_ndarray()  # planar [channels, n]; packed [1, n × channels]
    return array if frame.format.is_planar else array.reshape(frame.samples, -1).T


def _mono(channels: npt.NDArray[Any]) -> Samples:
    """The average of [channels, n] in the decoder's number format → float32 [n] in −1…1."""
    samples: Samples = channels.mean(axis=0, dtype=np.float32)
    if channels.dtype == np.uint8:
        samples -= _FULL_SCALE["u1"]
    samples /= _FULL_SCALE.get(channels.dtype.str[1:], 1.0)
    return np.clip(np.nan_to_num(samples, copy=False), -1, 1, out=samples)


class Resampler:
    """Push blocks in, take blocks at `rate` Hz out. The rate of what comes in may change."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._given = rate
        self._filter: AudioResampler | None = None

    def push(self, given: int, samples: Samples) -> Iterator[Samples]:
        """Samples [n] at `given` Hz → what is ready of them; a filter holds a little back."""
        if given != self._given:
            yield from self.end()
            self._given = given
            self._filter = (
                AudioResampler(format="fltp", layout="mono", rate=self._rate)
                if given != self._rate
                else None
            )
        if self._filter is None:
            yield samples
            return
        frame = AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = given
        yield from _arrays(self._filter.resample(frame))

    def end(self) -> Iterator[Samples]:
        """What the filter still holds; push nothing afterwards but at another rate."""
        if self._filter is not None:
            yield from _arrays(self._filter.resample(None))
            self._filter = None
            self._given = self._rate


def _arrays(frames: list[AudioFrame]) -> Iterator[Samples]:
    for frame in frames:
        yield np.clip(frame.to_ndarray()[0], -1, 1)  # the filter overshoots at full scale
