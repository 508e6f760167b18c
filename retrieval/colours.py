"""Which colours a picture shows much of, named as a person names them: for filters, not for art.

A table of 32 × 32 × 32 cells says the name of every colour; a picture is read at 2,304 points,
which tells the share of a colour to within one in a hundred and costs a tenth of a millisecond.
"""

from collections.abc import Iterable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

COLOURS = (
    *("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink", "brown"),
    *("black", "grey", "white"),
)
"""In the order of their bits."""
_LEAST_SHARE = 0.12  # of the picture: a colour that one would name on seeing it
_SIDE = 48  # points a side
_LEVELS = 32
# Where the next hue begins, in degrees, red on both ends.
_HUES = (
    *((15, "red"), (42, "orange"), (68, "yellow"), (165, "green"), (195, "cyan"), (255, "blue")),
    *((308, "purple"), (342, "pink"), (361, "red")),
)


def colours_of(picture: Image.Image) -> int:
    """An RGB picture → a set of bits, one per name in `COLOURS`."""
    points = np.asarray(picture.resize((_SIDE, _SIDE), Image.Resampling.NEAREST)) >> 3
    red, green, blue = (points[..., channel].astype(np.intp) for channel in range(3))
    names = _table()[red, green, blue].ravel()
    shares = np.bincount(names, minlength=len(COLOURS)) / names.size
    return sum(1 << int(bit) for bit in np.flatnonzero(shares >= _LEAST_SHARE))


def colour_bit(name: str) -> int:
    """The bit of a name; `ValueError` for one that is not in `COLOURS`."""
    return 1 << COLOURS.index(name)


def colour_names(bits: int) -> tuple[str, ...]:
    return tuple(name for bit, name in enumerate(COLOURS) if bits >> bit & 1)


@cache
def _table() -> NDArray[np.uint8]:
    """[32, 32, 32] red, green, blue → index in `COLOURS`."""
    levels = (np.arange(_LEVELS) + 0.5) / _LEVELS
    red, green, blue = np.meshgrid(levels, levels, levels, indexing="ij")
    rgb = np.stack([red, green, blue])
    value = rgb.max(axis=0)
    chroma = value - rgb.min(axis=0)
    saturation = chroma / value
    hue = _hue(rgb, value, chroma)
    starts = np.array([end for end, _ in _HUES])
    order = np.array([COLOURS.index(name) for _, name in _HUES])
    table = order[np.searchsorted(starts, hue, side="right")]
    brown = (hue >= 8) & (hue < 45) & (value < 0.68) & (saturation > 0.25)
    pink = ((hue < 15) | (hue >= 330)) & (saturation < 0.55) & (value > 0.75)
    for name, mask in _neutral(saturation, value, brown, pink):
        table[mask] = COLOURS.index(name)
    return table.astype(np.uint8)


def _neutral(
    saturation: NDArray[np.float64],
    value: NDArray[np.float64],
    brown: NDArray[np.bool_],
    pink: NDArray[np.bool_],
) -> Iterable[tuple[str, NDArray[np.bool_]]]:
    """What hue alone does not tell, the later over the earlier."""
    pale = saturation < 0.13
    yield "brown", brown
    yield "pink", pink
    yield "grey", pale
    yield "white", pale & (value > 0.85)
    yield "black", value < 0.2


def _hue(
    rgb: NDArray[np.float64], value: NDArray[np.float64], chroma: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Degrees, 0 … 360 (A. R. Smith, Color gamut transform pairs, 1978); 0 for greys."""
    red, green, blue = rgb
    safe = np.where(chroma > 0, chroma, 1.0)
    sector = np.select(
        [value == red, value == green],
        [((green - blue) / safe) % 6, (blue - red) / safe + 2],
        (red - green) / safe + 4,
    )
    return np.where(chroma > 0, 60 * sector, 0.0)
