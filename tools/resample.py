"""A stream of mono samples from any sampling rate to one (libswresample's polyphase filter)."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

Samples = npt.NDArray[np.float32]  # [n], −1 to 1


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
        yield frame.to_ndarray()[0].astype(np.float32)
