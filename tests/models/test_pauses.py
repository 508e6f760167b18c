from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from models.roles.pauses import Window, windows
from tests.fixtures.voices import RATE, Samples, babble, hiss, hum, silence


def cut(samples: Samples, *, longest: float = 8.0, pause: float = 0.5) -> list[Window]:
    blocks = np.array_split(samples, max(1, len(samples) // 5000))
    return list(windows(blocks, RATE, longest_seconds=longest, pause_seconds=pause))


def spoken(samples: Samples, *, longest: float = 8.0, pause: float = 0.5) -> list[Window]:
    return [window for window in cut(samples, longest=longest, pause=pause) if len(window.samples)]


@pytest.mark.parametrize(
    "sound", [silence(20), hiss(20), hum(20), silence(0), silence(0.01), hiss(20, 1e-4)]
)
def test_what_stays_at_one_level_is_never_handed_out(sound: Samples) -> None:
    assert spoken(sound) == []


@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_a_pause_ends_a_window(noise: float) -> None:
    parts = [silence(3), babble(2), silence(1), babble(3), silence(15), babble(1), silence(2)]
    sound = np.concatenate(parts)
    found = spoken(sound + noise * hiss(len(sound) / RATE, 1.0))
    times = [(w.start, w.start + len(w.samples) / RATE) for w in found]
    assert np.allclose(times, [(3, 5), (6, 9), (24, 25)], atol=0.3)


def test_short_pauses_stay_inside_a_window() -> None:
    sound = np.concatenate([babble(1), silence(0.25), babble(1), silence(2)])
    assert len(spoken(sound)) == 1


def test_endless_talk_is_cut_into_windows_without_losing_a_sample() -> None:
    sound = babble(61)
    found = spoken(sound)
    assert all(len(window.samples) <= 8 * RATE for window in found)
    assert all(len(window.samples) >= 4 * RATE for window in found[:-1])
    for earlier, later in pairwise(found):
        assert later.start == pytest.approx(earlier.start + len(earlier.samples) / RATE)
    assert np.array_equal(np.concatenate([window.samples for window in found]), sound)


def test_weak_endings_are_kept() -> None:
    ending = 0.03 * babble(0.3)
    sound = np.concatenate([babble(2), ending, silence(1)])
    [window] = spoken(sound)
    assert window.start + len(window.samples) / RATE >= 2.2


def test_a_click_is_no_speech() -> None:
    sound = 0.0001 * hiss(10, 1.0)
    sound[80000:80200] = 0.9
    assert spoken(sound) == []


def test_time_goes_on_to_the_end_of_the_stream() -> None:
    heard = [window.heard for window in cut(np.concatenate([silence(30), babble(3)]))]
    assert heard == sorted(heard)
    assert heard[-1] == 33
    assert len(heard) >= 4, "quiet stretches are told as they pass"


def test_the_size_of_blocks_does_not_matter() -> None:
    sound = np.concatenate([babble(5), silence(1), babble(12), silence(3)])

    def starts(size: int) -> list[tuple[float, int]]:
        blocks = [sound[at : at + size] for at in range(0, len(sound), size)]
        found = windows(blocks, RATE, longest_seconds=8, pause_seconds=0.5)
        return [(w.start, len(w.samples)) for w in found if len(w.samples)]

    assert starts(777) == starts(16000) == starts(len(sound))


def test_no_more_is_read_ahead_than_a_window() -> None:
    read = 0.0

    def blocks() -> Iterator[Samples]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield babble(1)

    for window in windows(blocks(), RATE, longest_seconds=8, pause_seconds=0.5):
        assert read - window.heard <= 9
