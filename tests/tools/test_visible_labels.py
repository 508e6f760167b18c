"""The mark that people see and hear, against the figures of GB 45438-2025."""

import numpy as np
import pytest
from PIL import Image

from tools.labels.visible import LEAST_HEIGHT, TEXT, mark_image, mark_sound, rhythm

SIZES = [(256, 256), (512, 512), (1024, 768), (300, 900), (64, 64), (31, 200)]


def ink(picture: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Where the mark's letters are: [height, width]."""
    return np.asarray(picture.convert("L")) > 200


@pytest.mark.parametrize("size", SIZES)
def test_every_letter_is_at_least_a_twentieth_of_the_shortest_side(size: tuple[int, int]) -> None:
    letters = ink(mark_image(Image.new("RGB", size, "black")))
    columns = np.flatnonzero(letters.any(axis=0))
    first = columns[: np.argmax(np.diff(columns) > 1) + 1]  # the "A", the lowest of the letters
    rows = np.flatnonzero(letters[:, first].any(axis=1))
    assert rows[-1] - rows[0] + 1 >= LEAST_HEIGHT * min(size)


@pytest.mark.parametrize("size", SIZES)
def test_the_mark_lies_whole_in_a_corner(size: tuple[int, int]) -> None:
    picture = mark_image(Image.new("RGB", size, "black"))
    assert picture.size == size
    rows, columns = np.nonzero(ink(picture))
    assert rows.min() > size[1] / 2
    assert rows.max() < size[1] - 1
    assert columns.max() < size[0] - 1


@pytest.mark.parametrize("ground", ["white", "black", "yellow", "#808080", "#ffe4c4"])
def test_the_mark_is_legible_on_any_ground(ground: str) -> None:
    """Contrast of WCAG 2.1 between the letters and the plate around them: at least 4.5 : 1."""
    values = np.asarray(mark_image(Image.new("RGB", (400, 400), ground)))
    plate = values[-12, -12]  # inside the plate, beside the letters
    letters = values.reshape(-1, 3)[values.sum(axis=2).argmax()]
    assert (luminance(letters) + 0.05) / (luminance(plate) + 0.05) >= 4.5


def luminance(rgb: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> float:
    part = rgb / 255
    linear = np.where(part <= 0.03928, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_the_letters_are_there_and_differ() -> None:
    """A font without the glyphs would draw the same box for each."""
    letters = ink(mark_image(Image.new("RGB", (2000, 2000), "black")))
    columns = np.flatnonzero(letters.any(axis=0))
    parts = np.split(columns, np.flatnonzero(np.diff(columns) > 8) + 1)
    shares = {round(float(letters[:, part].mean()), 4) for part in parts}
    assert len(shares) >= len(TEXT) - 1


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1", "CMYK", "LA"])
def test_any_mode_can_be_marked(mode: str) -> None:
    picture = Image.new("RGB", (60, 40), "navy").convert(mode)
    marked = mark_image(picture)
    assert marked.size == (60, 40)
    assert ink(marked).any()
    assert marked.mode == ("RGBA" if mode in ("RGBA", "LA") else "RGB")


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (4000, 3)])
def test_a_picture_too_small_for_letters_keeps_its_size(size: tuple[int, int]) -> None:
    assert mark_image(Image.new("RGB", size)).size == size


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 48000])
def test_the_rhythm_is_short_long_short_short(rate: int) -> None:
    sounding = np.abs(rhythm(rate)) > 0.01
    width = rate // 50  # a window longer than a period of the tone
    loud = np.convolve(sounding, np.ones(width), "same") > width / 4
    edges = np.flatnonzero(np.diff(loud.astype(int)))
    lengths = np.diff(edges)[::1] / rate / 0.1  # in dots
    tones, gaps = np.round(lengths[0::2]), np.round(lengths[1::2])
    first = np.round(edges[0] / rate / 0.1) if loud[0] else None
    assert ([first, *gaps], list(tones)) in (
        ([1.0, 3.0, 1.0, 1.0], [1.0, 3.0, 1.0]),
        ([None, 1.0, 3.0, 1.0], [1.0, 3.0, 1.0, 1.0]),
    )


def test_a_marked_sound_goes_on_with_every_sample() -> None:
    samples = np.linspace(-1, 1, 1000, dtype=np.float32)
    marked = mark_sound(samples, 16000)
    np.testing.assert_array_equal(marked[-1000:], samples)
    assert 1 < (len(marked) - 1000) / 16000 < 2
