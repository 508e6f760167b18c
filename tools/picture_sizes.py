"""Sizes of pictures as people write them: 1024x768, １０２４×７６８, 1024＊768像素."""

import re
import unicodedata
from math import sqrt

from models.errors import ToolRetry

Size = tuple[int, int]
"""Width, height in px."""

LEAST_SIDE = 64
MOST_ASPECT = 4
_MULTIPLE = 32  # suits every checkpoint
_SIZE = re.compile(r"(\d{1,6})(?:px|像素)?[xX×*✕╳乘](\d{1,6})(?:px|像素)?")


def read_size(text: str, max_pixels: int) -> Size:
    """What `text` asks for. ToolRetry names a possible size when it is none or out of bounds."""
    match = _SIZE.fullmatch(re.sub(r"\s", "", unicodedata.normalize("NFKC", text)))
    if match is None:
        raise ToolRetry(
            f"size要写成宽x高，如{_possible((1, 1), max_pixels)}。",
            f"Write the size as width x height, such as {_possible((1, 1), max_pixels)}.",
            question=f"要画多大？请说成宽x高，如{_possible((1, 1), max_pixels)}。",
        )
    width, height = int(match[1]), int(match[2])
    aspect = max(width, height) / max(1, min(width, height))
    if width * height > max_pixels or min(width, height) < LEAST_SIDE or aspect > MOST_ASPECT:
        raise _out_of_bounds((width, height), max_pixels)
    return width, height


def rounded(size: Size, multiple: int, max_pixels: int) -> Size:
    """`size` with both sides multiples of `multiple`, within `max_pixels`."""
    width, height = (max(multiple, round(side / multiple) * multiple) for side in size)
    while width * height > max_pixels and max(width, height) > multiple:
        width, height = (
            (width - multiple, height) if width >= height else (width, height - multiple)
        )
    return width, height


def written(size: Size) -> str:
    return f"{size[0]}x{size[1]}"


def _out_of_bounds(asked: Size, max_pixels: int) -> ToolRetry:
    possible = _possible(asked, max_pixels)
    return ToolRetry(
        f"画不了{written(asked)}：每边至少{LEAST_SIDE}像素，总共最多{max_pixels}像素，"
        f"长宽比最多{MOST_ASPECT}。可以用{possible}。",
        f"{written(asked)} is out of bounds: {LEAST_SIDE} px a side or more, {max_pixels} px in "
        f"all or fewer, an aspect ratio of {MOST_ASPECT} or less. {possible} is possible.",
        question=f"{written(asked)}这里画不了。换成{possible}可以吗？",
    )


def _possible(asked: Size, max_pixels: int) -> str:
    """The largest size near the aspect ratio of `asked`."""
    aspect = min(max(max(1, asked[0]) / max(1, asked[1]), 1 / MOST_ASPECT), MOST_ASPECT)
    ideal = (sqrt(max_pixels * aspect), sqrt(max_pixels / aspect))
    width, height = (max(LEAST_SIDE, int(side // _MULTIPLE) * _MULTIPLE) for side in ideal)
    return written((width, height))
