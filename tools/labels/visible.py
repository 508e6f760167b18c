"""The mark of made content that a person sees or hears (GB 45438-2025, 5.2 and 5.3)."""

from functools import lru_cache
from math import ceil
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

TEXT = "AI生成"
LEAST_HEIGHT = 0.05  # of a letter, as a part of the shortest side
# Noto Sans CJK SC Bold (SIL Open Font License 1.1) cut down to the characters of TEXT.
FONT_PATH = Path(__file__).with_name("fonts") / "NotoSansSC-label.otf"
_CAPITAL = 0.72  # height of its "A" in ems: the lowest letter of the mark
_LEGIBLE_EMS = 14  # px; smaller strokes of 生 run together
_WIDTH_EMS = 3.6  # of the mark with its plate
_PADDING = 0.25  # ems around the letters
_PLATE, _INK = (0, 0, 0, 160), (255, 255, 255, 255)  # contrast ≥ 5:1 even on white

_DOT_SECONDS = 0.1
_TONE_HZ = 880.0
_LEVEL = 0.25  # of full scale: heard beside speech, not above it
_RAMP_SECONDS = 0.005  # without it a tone begins and ends with a click
_MORSE = (".-", "..")  # A I: 短长 短短

Samples = npt.NDArray[np.float32]


def mark_image(picture: Image.Image) -> Image.Image:
    """A copy with the mark in its lower right corner, white on a dark plate."""
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    marked = picture.convert("RGBA")
    marked.alpha_composite(plate := _plate(_ems(*picture.size)), _corner(picture, plate))
    return marked.convert(mode)


def _ems(width: int, height: int) -> int:
    """The letters' size in px: as the standard wants it, legible where that is too small."""
    wanted = ceil(LEAST_HEIGHT * min(width, height) / _CAPITAL)
    fitting = int(min(width / _WIDTH_EMS, height / (1 + 2 * _PADDING)))
    return max(wanted, min(_LEGIBLE_EMS, fitting), 1)


@lru_cache(maxsize=16)
def _plate(ems: int) -> Image.Image:
    font = ImageFont.truetype(str(FONT_PATH), ems)
    left, top, right, bottom = (round(side) for side in font.getbbox(TEXT))
    padding = round(_PADDING * ems)
    plate = Image.new("RGBA", (right - left + 2 * padding, bottom - top + 2 * padding), _PLATE)
    ImageDraw.Draw(plate).text((padding - left, padding - top), TEXT, _INK, font)
    return plate


def _corner(picture: Image.Image, plate: Image.Image) -> tuple[int, int]:
    margin = min(picture.size) // 50
    x, y = (p - q - margin for p, q in zip(picture.size, plate.size, strict=True))
    return max(x, 0), max(y, 0)


def mark_sound(samples: Samples, sample_rate: int) -> Samples:
    """`samples` [n] after the rhythm 短长 短短 ("AI" in Morse) and a pause."""
    return np.concatenate([rhythm(sample_rate), samples])


@lru_cache(maxsize=4)
def rhythm(sample_rate: int) -> Samples:
    """Tones of one and three dots, a dot apart, three dots between the letters and after."""
    letters = [_letter(code, sample_rate) for code in _MORSE]
    pause = np.zeros(2 * _samples(1, sample_rate), np.float32)  # after a dot's silence of its own
    return np.concatenate([part for letter in letters for part in (letter, pause)])


def _letter(code: str, sample_rate: int) -> Samples:
    silence = np.zeros(_samples(1, sample_rate), np.float32)
    tones = [_tone(3 if mark == "-" else 1, sample_rate) for mark in code]
    return np.concatenate([part for tone in tones for part in (tone, silence)])


def _tone(dots: int, sample_rate: int) -> Samples:
    seconds = np.arange(_samples(dots, sample_rate)) / sample_rate
    edge = np.minimum(seconds, seconds[::-1]) / _RAMP_SECONDS
    wave = _LEVEL * np.minimum(edge, 1) * np.sin(2 * np.pi * _TONE_HZ * seconds)
    return wave.astype(np.float32)


def _samples(dots: int, sample_rate: int) -> int:
    return round(dots * _DOT_SECONDS * sample_rate)
