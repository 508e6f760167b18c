"""Six styles: how each puts shapes down, and what it does to the finished picture."""

from collections.abc import Callable
from math import cos, sin
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from training.world.canvas import Manner

Pixels = NDArray[np.float32]
Finish = Callable[[Image.Image, Random], Image.Image]

MANNERS: dict[str, Manner] = {
    "ink": Manner(outline=0.004, outline_color=(30, 30, 36), wobble=0.0016),
    "oil": Manner(color_jitter=0.06),
    "watercolor": Manner(wobble=0.0022, color_jitter=0.04),
    "cartoon": Manner(outline=0.006, outline_color=(52, 38, 46)),
    "papercut": Manner(cut_paper=True),
    "sketch": Manner(outline=0.0045, outline_color=(40, 40, 44), wobble=0.0018),
}


def finish(image: Image.Image, style: str, rng: Random) -> Image.Image:
    """`image` as the style leaves it: paper, brush strokes, hatching. Same size, RGB."""
    return _FINISHES[style](image, rng)


def _noise(rng: Random, side: int, cells: int) -> Pixels:
    """Smooth noise, [side, side] float32 in -1..1, with about `cells` bumps across."""
    coarse = np.random.default_rng(rng.getrandbits(32)).uniform(0, 255, (cells, cells))
    image = Image.fromarray(coarse.astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(image, np.float32) / 127.5 - 1


def _pixels(image: Image.Image) -> Pixels:
    return np.asarray(image, np.float32)


def _image(pixels: NDArray[np.floating[Any]]) -> Image.Image:
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _luma(pixels: Pixels) -> Pixels:
    weights = np.asarray((0.299, 0.587, 0.114), np.float32)
    gray = np.asarray(pixels @ weights, np.float32)
    return gray[..., None]


def _warp(pixels: Pixels, rng: Random, cells: int, reach: float) -> Pixels:
    """Edges wander by up to `reach` (a share of the side), as pigment does on paper."""
    side = pixels.shape[0]
    dx = (_noise(rng, side, cells) * reach * side).astype(int)
    dy = (_noise(rng, side, cells) * reach * side).astype(int)
    rows = np.clip(np.arange(side)[:, None] + dy, 0, side - 1)
    columns = np.clip(np.arange(side)[None, :] + dx, 0, side - 1)
    warped: Pixels = pixels[rows, columns]
    return warped


def _cartoon(image: Image.Image, _: Random) -> Image.Image:
    pixels = _pixels(image)
    gray = _luma(pixels)
    return _image(gray + (pixels - gray) * 1.12)


def _papercut(image: Image.Image, rng: Random) -> Image.Image:
    pixels = _pixels(image) + 7 * _noise(rng, image.width, image.width // 3)[..., None]
    return _image(pixels)


def _ink(image: Image.Image, rng: Random) -> Image.Image:
    """Ink on rice paper: little colour, soft washes, pale margins, a seal in the corner."""
    side = image.width
    blurred = _pixels(image.filter(ImageFilter.GaussianBlur(side * 0.006)))
    pixels = np.minimum(_pixels(image), blurred + 26)
    gray = _luma(pixels)
    washed = 255 * (gray / 255) ** 0.92 * 0.74 + 255 * 0.25
    toned = washed + (pixels - gray) * 0.55 - np.maximum(0, 90 - gray) * 0.5
    rice = np.asarray((246, 240, 224), np.float32) / 255
    grain = 1 + 0.035 * _noise(rng, side, 90)[..., None] + 0.04 * _noise(rng, side, 6)[..., None]
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    margin = np.clip((np.maximum(abs(x), abs(y)) - 0.82 - 0.08 * _noise(rng, side, 9)) * 7, 0, 1)
    margin = margin[..., None].astype(np.float32)
    paper = _image((toned * (1 - margin) + 250 * margin) * rice * grain)
    _seal(paper)
    return paper


def _seal(image: Image.Image) -> None:
    side = image.width
    box = [side * share for share in (0.9, 0.03, 0.96, 0.09)]
    draw = ImageDraw.Draw(image)
    draw.rectangle(box, fill=(186, 44, 38))
    width = max(1, round(side * 0.005))
    for x in (0.918, 0.942):
        draw.line(
            (side * x, side * 0.042, side * x, side * 0.078), fill=(246, 232, 214), width=width
        )
    draw.line(
        (side * 0.912, side * 0.06, side * 0.948, side * 0.06), fill=(246, 232, 214), width=width
    )


def _oil(image: Image.Image, rng: Random) -> Image.Image:
    """Short thick strokes that follow a slow swirl, lit as if the paint stood up."""
    side = image.width
    canvas = image.copy()
    _strokes(canvas, image, rng, count=1500, length=0.030, width=0.014)
    soft = Image.blend(canvas, image, 0.35)
    _strokes(soft, Image.blend(image, canvas, 0.15), rng, count=3600, length=0.013, width=0.0065)
    pixels = _pixels(soft)
    gray = _luma(pixels)
    height = gray[..., 0] + 10 * _noise(rng, side, 110)
    relief = np.zeros_like(height)
    step = max(1, side // 320)
    relief[step:, step:] = height[step:, step:] - height[:-step, :-step]
    rich = gray + (pixels - gray) * 1.12
    return _image(rich * 0.97 + np.clip(relief, -40, 40)[..., None] * 0.45)


def _strokes(
    target: Image.Image,
    source: Image.Image,
    rng: Random,
    *,
    count: int,
    length: float,
    width: float,
) -> None:
    side = target.width
    draw = ImageDraw.Draw(target)
    random = np.random.default_rng(rng.getrandbits(32))
    places = random.integers(0, side, (count, 2))
    angle = _noise(rng, side, 5) * 2.2
    colors = np.asarray(source)[places[:, 1], places[:, 0]] + random.normal(0, 7, (count, 1))
    thickness = max(1, round(width * side))
    reach = length * side / 2
    tilts = angle[places[:, 1], places[:, 0]]
    for (x, y), tilt, color in zip(
        places.tolist(), tilts.tolist(), colors.clip(0, 255).astype(int).tolist(), strict=True
    ):
        dx, dy = reach * cos(tilt), reach * sin(tilt)
        draw.line((x - dx, y - dy, x + dx, y + dy), fill=tuple(color), width=thickness)


def _watercolor(image: Image.Image, rng: Random) -> Image.Image:
    """Pale transparent washes with wandering dark edges on grainy paper, bare at the margin."""
    side = image.width
    warped = _warp(_pixels(image), rng, 26, 0.007)
    soft = _pixels(_image(warped).filter(ImageFilter.GaussianBlur(side * 0.004)))
    edges = np.abs(
        _luma(soft) - _luma(_pixels(_image(warped).filter(ImageFilter.GaussianBlur(side * 0.012))))
    )
    pale = 255 - (255 - soft) * (0.74 + 0.16 * _noise(rng, side, 9)[..., None])
    pale -= edges * 1.3
    grain = 5 * _noise(rng, side, 120)[..., None]
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    border = (
        np.maximum(abs(x), abs(y)) + 0.05 * _noise(rng, side, 14) + 0.02 * _noise(rng, side, 50)
    )
    margin = np.clip((border - 0.92) * 22, 0, 1)[..., None].astype(np.float32)
    return _image((pale + grain) * (1 - margin) + (252, 250, 244) * margin)


def _sketch(image: Image.Image, rng: Random) -> Image.Image:
    """Pencil: contours by colour dodge, and hatching that thickens with the dark."""
    side = image.width
    gray = _luma(_pixels(image))[..., 0]
    inverse = _pixels(_image(255 - gray).filter(ImageFilter.GaussianBlur(side * 0.012)))
    contour = np.clip(gray * 255 / (256 - inverse), 0, 255)
    y, x = np.mgrid[0:side, 0:side] / side
    wobble = 0.004 * _noise(rng, side, 12)
    first = np.sin((x + y + wobble) * 420) * 0.5 + 0.5
    second = np.sin((x - y + wobble) * 420) * 0.5 + 0.5
    dark = 1 - gray / 255
    hatch = (
        np.clip(dark * 1.25 - 0.18, 0, 1) * first * 120
        + np.clip(dark * 1.8 - 0.95, 0, 1) * second * 90
    )
    tone = contour * 0.62 + 255 * 0.38 - hatch - dark * 26 + 7 * _noise(rng, side, 130)
    return _image(tone[..., None] * np.asarray((1.0, 0.995, 0.97), np.float32))


_FINISHES: dict[str, Finish] = {
    "ink": _ink,
    "oil": _oil,
    "watercolor": _watercolor,
    "cartoon": _cartoon,
    "papercut": _papercut,
    "sketch": _sketch,
}
