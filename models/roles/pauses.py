"""A stream of sound cut at its pauses into windows that a speech model can take whole.

Energy decides, by levels over 20 ms smoothed to 100 ms: what stays at one level (silence, hiss,
hum, a held note) is no speech and is never handed out; of the rest, a place is quiet when its level
is below 30 % of the way from the floor (the quietest tenth of what is held) to the peak.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]  # [n], −1 to 1
Levels = npt.NDArray[np.float64]  # [frames], dBFS
Flags = npt.NDArray[np.bool_]  # [frames]

FRAME_SECONDS = 0.02
MARGIN_SECONDS = 0.2  # kept around what is loud: weak consonants and endings lie there
LEAST_SPEECH_SECONDS = 0.1  # less is a click
_MARGIN = round(MARGIN_SECONDS / FRAME_SECONDS)
_LEAST_SPEECH = round(LEAST_SPEECH_SECONDS / FRAME_SECONDS)
_SMOOTHED = 5  # frames
_INAUDIBLE_DB = -65.0
_LEAST_RANGE_DB = 6.0  # from floor to peak; white noise has about 1
_PART_OF_RANGE = 0.3
_WEAK_ENDING_DB = 20.0  # below the peak, and still part of a word
_ABOVE_FLOOR_DB = 4.0


@dataclass(frozen=True)
class Window:
    """Samples [n] that begin `start` seconds into the stream; none of them where it was quiet.

    `heard`: how many seconds of the stream are done with after this window.
    """

    start: float
    samples: Samples
    heard: float


@dataclass(frozen=True)
class _Cut:
    """Frames [first, end) go to the model (none: quiet); frames before `used` are done with."""

    first: int
    end: int
    used: int


def windows(
    blocks: Iterable[Samples], sample_rate: int, *, longest_seconds: float, pause_seconds: float
) -> Iterator[Window]:
    """Windows end at the first pause of `pause_seconds`, or after at most `longest_seconds`,
    in the quietest moment of the second half. One window and one block are held at a time.
    """
    frame = round(sample_rate * FRAME_SECONDS)
    longest = int(longest_seconds / FRAME_SECONDS)
    pause = max(1, round(pause_seconds / FRAME_SECONDS))
    held, done = np.zeros(0, np.float32), 0  # `done`: samples of the stream before `held`
    for block, ended in _with_end(blocks):
        held = np.concatenate([held, block])
        while len(held) >= longest * frame or (ended and len(held)):
            seen = held[: longest * frame]
            cut = _cut(levels(seen, frame), pause, final=ended and len(seen) == len(held))
            used = min(cut.used * frame, len(held))
            yield Window(
                (done + cut.first * frame) / sample_rate,
                held[cut.first * frame : cut.end * frame],
                (done + used) / sample_rate,
            )
            held, done = held[used:], done + used


def levels(samples: Samples, frame: int) -> Levels:
    """RMS of every `frame` samples (the last ones padded) without their mean, in dBFS."""
    padded = np.pad(samples, (0, -len(samples) % frame)).reshape(-1, frame)
    power = padded.var(axis=1, dtype=np.float64)
    decibels: Levels = 10 * np.log10(power + 1e-12)
    return decibels


def loud(levels: Levels) -> Flags:
    """Which frames may be speech."""
    audible = levels[levels > _INAUDIBLE_DB]
    if not len(audible):
        return np.zeros(len(levels), np.bool_)
    smooth = _smoothed(levels)
    floor, peak = np.percentile(audible, 10), smooth.max()
    if peak - floor < _LEAST_RANGE_DB:
        return np.zeros(len(levels), np.bool_)
    least = min(floor + _PART_OF_RANGE * (peak - floor), peak - _WEAK_ENDING_DB)
    flags: Flags = smooth > max(least, floor + _ABOVE_FLOOR_DB, _INAUDIBLE_DB)
    return flags


def _with_end(blocks: Iterable[Samples]) -> Iterator[tuple[Samples, bool]]:
    """Every block, then an empty one with True: the stream has ended."""
    for block in blocks:
        yield block, False
    yield np.zeros(0, np.float32), True


def _cut(levels: Levels, pause: int, *, final: bool) -> _Cut:
    """Where the first window of these frames begins and ends. `final`: nothing follows them."""
    frames = len(levels)
    spoken = [(start, end) for start, end in _runs(loud(levels)) if end - start >= _LEAST_SPEECH]
    if not spoken:
        return _Cut(0, 0, frames if final else max(1, frames - _MARGIN))
    first = max(0, spoken[0][0] - _MARGIN)
    followers = [*(start for start, _ in spoken[1:]), frames]
    for (_, end), following in zip(spoken, followers, strict=True):
        if following - end >= pause or (final and following == frames):
            last = min(end + _MARGIN, following)
            return _Cut(first, last, last)
    if first > 0:  # make room for more of the same speech
        return _Cut(0, 0, first)
    quietest = frames // 2 + int(_smoothed(levels)[frames // 2 :].argmin())
    return _Cut(0, quietest, quietest)


def _runs(flags: Flags) -> list[tuple[int, int]]:
    """[start, end) of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _smoothed(levels: Levels) -> Levels:
    kernel = np.full(_SMOOTHED, 1 / _SMOOTHED)
    return 10 * np.log10(np.convolve(10 ** (levels / 10), kernel, "same") + 1e-12)
