"""What lies and stands on a table."""

from math import cos, pi, sin

from training.world.canvas import Brush
from training.world.colors import RGB, WHITE, WOOD, darker, lighter
from training.world.things.base import Drawer

_LEAF: RGB = (84, 158, 66)


def _leaf(b: Brush, x: float, y: float) -> None:
    b.blob([(x, y), (x + 0.1, y + 0.14), (x + 0.28, y + 0.12), (x + 0.16, y - 0.02)], _LEAF)


def draw_apple(b: Brush, color: RGB) -> None:
    b.blob([(0, 0.78), (-0.3, 0.9), (-0.52, 0.6), (-0.36, 0.04), (-0.1, 0.0), (0, 0.05), (0.1, 0.0),
            (0.36, 0.04), (0.52, 0.6), (0.3, 0.9)], color)  # fmt: skip
    b.oval(-0.2, 0.54, 0.1, 0.15, lighter(color, 0.4), outline=False)
    b.curve([(0, 0.74), (0.02, 0.9), (0.07, 1.0)], 0.05, WOOD)
    _leaf(b, 0.04, 0.84)


def draw_pear(b: Brush, color: RGB) -> None:
    b.blob([(-0.12, 0.84), (-0.18, 0.6), (-0.42, 0.34), (-0.3, 0.0), (0.3, 0.0), (0.42, 0.34),
            (0.18, 0.6), (0.12, 0.84)], color)  # fmt: skip
    b.oval(-0.15, 0.3, 0.08, 0.13, lighter(color, 0.45), outline=False)
    b.curve([(0, 0.8), (0.01, 0.9), (0.05, 1.0)], 0.045, WOOD)
    _leaf(b, 0.02, 0.86)


def draw_peach(b: Brush, color: RGB) -> None:
    b.blob([(0, 1.0), (-0.2, 0.86), (-0.52, 0.66), (-0.42, 0.08), (0, 0.0), (0.42, 0.08),
            (0.52, 0.66), (0.2, 0.86)], color)  # fmt: skip
    b.curve([(0.02, 0.94), (-0.1, 0.6), (-0.06, 0.1)], 0.035, darker(color, 0.25))
    b.oval(0.18, 0.5, 0.13, 0.17, lighter(color, 0.4), outline=False)
    b.blob([(-0.04, 0.1), (-0.36, 0.18), (-0.56, 0.02), (-0.26, -0.04)], _LEAF)
    b.blob([(0.04, 0.1), (0.36, 0.18), (0.56, 0.02), (0.26, -0.04)], darker(_LEAF, 0.12))


def draw_banana(b: Brush, color: RGB) -> None:
    b.blob([(-0.72, 0.86), (-0.7, 0.44), (-0.34, 0.04), (0.3, 0.0), (0.74, 0.4), (0.66, 0.52),
            (0.24, 0.34), (-0.2, 0.4), (-0.52, 0.66), (-0.6, 0.9)], color)  # fmt: skip
    b.curve([(-0.62, 0.6), (-0.26, 0.22), (0.26, 0.16), (0.66, 0.42)], 0.04, darker(color, 0.18))
    b.poly([(-0.73, 0.82), (-0.6, 0.84), (-0.6, 1.0), (-0.7, 1.0)], darker(WOOD, 0.1))
    b.oval(0.7, 0.45, 0.05, 0.05, darker(WOOD, 0.3), outline=False)


def draw_grapes(b: Brush, color: RGB) -> None:
    b.curve([(0, 0.8), (0.02, 0.92), (0.0, 1.02)], 0.05, WOOD)
    for i, n in enumerate((4, 5, 4, 3, 2, 1)):
        for k in range(n):
            x, y = (k - (n - 1) / 2) * 0.17, 0.76 - 0.135 * i
            b.oval(x, y, 0.1, 0.1, darker(color, 0.1 * ((i + k) % 2)))
            b.oval(x - 0.03, y + 0.03, 0.03, 0.03, lighter(color, 0.55), outline=False)
    b.blob([(0.02, 0.86), (0.2, 1.0), (0.36, 0.9), (0.3, 0.76), (0.12, 0.78)], _LEAF)


def draw_melon(b: Brush, _: RGB) -> None:
    green = (64, 144, 70)
    b.oval(0, 0.47, 0.56, 0.47, green)
    for k in (0.46, 0.24):
        for side in (-1, 1):
            arc = [(side * k * cos(a), 0.47 + 0.45 * sin(a)) for a in (-1.3, -0.7, 0, 0.7, 1.3)]
            b.curve(arc, 0.055, darker(green, 0.45))
    b.line([(0, 0.03), (0, 0.91)], 0.05, darker(green, 0.45))
    b.curve([(0, 0.92), (0.06, 1.02), (0.14, 0.98)], 0.04, darker(green, 0.2))


def draw_teapot(b: Brush, color: RGB) -> None:
    b.curve([(-0.36, 0.66), (-0.68, 0.72), (-0.66, 0.24), (-0.36, 0.2)], 0.09, darker(color, 0.18))
    b.blob(
        [(0.3, 0.2), (0.5, 0.36), (0.56, 0.72), (0.7, 0.76), (0.62, 0.5), (0.5, 0.1)],
        darker(color, 0.1),
    )
    b.blob(
        [(-0.3, 0), (-0.52, 0.3), (-0.42, 0.66), (0, 0.76), (0.42, 0.66), (0.52, 0.3), (0.3, 0)],
        color,
    )
    b.oval(0, 0.7, 0.28, 0.07, darker(color, 0.2))
    b.blob([(-0.26, 0.7), (-0.16, 0.86), (0.16, 0.86), (0.26, 0.7)], lighter(color, 0.12))
    b.oval(0, 0.9, 0.075, 0.075, darker(color, 0.2))
    b.oval(-0.2, 0.42, 0.08, 0.13, lighter(color, 0.45), outline=False)


def draw_vase(b: Brush, color: RGB) -> None:
    for x, y, petal in (
        (-0.17, 0.84, (236, 90, 110)),
        (0.02, 0.94, (250, 206, 70)),
        (0.18, 0.82, (250, 250, 244)),
    ):
        b.curve([(0, 0.5), (x * 0.5, 0.66), (x, y)], 0.022, _LEAF)
        for i in range(5):
            a = 2 * pi * i / 5
            b.oval(x + 0.05 * cos(a), y + 0.05 * sin(a), 0.042, 0.042, petal)
        b.oval(x, y, 0.03, 0.03, (244, 170, 50), outline=False)
    b.blob([(-0.1, 0.6), (-0.08, 0.5), (-0.27, 0.3), (-0.14, 0.0), (0.14, 0.0), (0.27, 0.3),
            (0.08, 0.5), (0.1, 0.6)], color)  # fmt: skip
    b.rect(-0.11, 0.55, 0.11, 0.59, darker(color, 0.2))
    band = WHITE if sum(color) < 640 else (60, 100, 190)
    b.line([(-0.21, 0.3), (0.21, 0.3)], 0.024, band)
    b.line([(-0.2, 0.24), (0.2, 0.24)], 0.012, band)


DRAWERS: dict[str, Drawer] = {
    "apple": draw_apple,
    "pear": draw_pear,
    "peach": draw_peach,
    "banana": draw_banana,
    "grapes": draw_grapes,
    "melon": draw_melon,
    "teapot": draw_teapot,
    "vase": draw_vase,
}
