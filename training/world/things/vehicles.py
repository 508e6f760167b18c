"""Cars, boats, bicycles, umbrellas."""

from math import cos, pi, sin

from training.world.canvas import Brush
from training.world.colors import RGB, SKIN, WHITE, WOOD, darker, lighter
from training.world.things.base import Drawer

_TYRE: RGB = (46, 46, 50)
_GLASS: RGB = (176, 216, 238)


def _wheel(b: Brush, x: float, radius: float) -> None:
    b.oval(x, radius, radius, radius, _TYRE)
    b.oval(x, radius, radius * 0.5, radius * 0.5, (206, 208, 212), outline=False)


def draw_car(b: Brush, color: RGB) -> None:
    b.blob([(-0.62, 0.56), (-0.42, 0.98), (0.26, 0.98), (0.54, 0.56)], color)
    b.poly([(-0.46, 0.58), (-0.34, 0.86), (-0.08, 0.86), (-0.08, 0.58)], _GLASS)
    b.poly([(-0.02, 0.58), (-0.02, 0.86), (0.22, 0.86), (0.4, 0.58)], _GLASS)
    b.blob(
        [(-0.94, 0.16), (-0.94, 0.56), (-0.6, 0.62), (0.5, 0.62), (0.92, 0.5), (0.95, 0.16)], color
    )
    b.line([(-0.9, 0.32), (0.92, 0.32)], 0.035, darker(color, 0.22))
    b.oval(0.86, 0.42, 0.07, 0.06, (255, 236, 150), outline=False, glow=True)
    for x in (-0.52, 0.52):
        _wheel(b, x, 0.2)


def draw_bus(b: Brush, color: RGB) -> None:
    b.blob([(-1.0, 0.12), (-1.0, 0.9), (-0.94, 1.0), (0.9, 1.0), (1.0, 0.86), (1.0, 0.12)], color)
    b.rect(-0.92, 0.24, 0.96, 0.36, lighter(color, 0.5), outline=False)
    for x in (-0.78, -0.44, -0.1, 0.24):
        b.rect(x - 0.13, 0.5, x + 0.13, 0.84, _GLASS)
    b.rect(0.46, 0.16, 0.68, 0.84, lighter(_GLASS, 0.2))
    b.line([(0.57, 0.16), (0.57, 0.84)], 0.02, darker(color, 0.4))
    b.rect(0.76, 0.48, 0.97, 0.84, _GLASS)
    for x in (-0.56, 0.3):
        _wheel(b, x, 0.15)


def draw_bicycle(b: Brush, color: RGB) -> None:
    for x in (-0.46, 0.46):
        ring = [(x + 0.29 * cos(pi * i / 9), 0.3 + 0.29 * sin(pi * i / 9)) for i in range(19)]
        b.line(ring, 0.05, _TYRE)
        for a in (0.3, 0.3 + pi / 3, 0.3 + 2 * pi / 3):
            dx, dy = 0.27 * cos(a), 0.27 * sin(a)
            b.line([(x - dx, 0.3 - dy), (x + dx, 0.3 + dy)], 0.012, (150, 152, 158))
    frame = [(-0.46, 0.3), (-0.2, 0.72), (0.34, 0.74), (-0.02, 0.28), (-0.46, 0.3)]
    b.line(frame, 0.07, color)
    b.line([(-0.02, 0.28), (-0.22, 0.8)], 0.07, color)
    b.line([(0.46, 0.3), (0.32, 0.84), (0.32, 0.94), (0.18, 0.96)], 0.06, color)
    b.line([(-0.36, 0.83), (-0.1, 0.83)], 0.08, (54, 44, 44))


def draw_boat(b: Brush, _: RGB) -> None:
    hull = (96, 62, 42)
    b.line([(0.86, 0.1), (0.66, 0.94)], 0.035, WOOD)
    b.blob([(-1.16, 0.42), (-0.86, 0.04), (-0.5, -0.04), (0.5, -0.04), (0.86, 0.04), (1.16, 0.42),
            (0.7, 0.26), (-0.7, 0.26)], hull)  # fmt: skip
    b.line([(-0.9, 0.17), (0.9, 0.17)], 0.035, lighter(hull, 0.25))
    dome = [(0.5 * cos(pi * i / 10) - 0.12, 0.2 + 0.5 * sin(pi * i / 10)) for i in range(11)]
    b.poly(dome, (52, 50, 54))
    for k in (-0.24, 0.0, 0.24):
        rib = [(k - 0.12, 0.22), (k - 0.12, 0.2 + 0.48 * (1 - (k / 0.5) ** 2) ** 0.5)]
        b.line(rib, 0.03, (96, 90, 88))
    b.poly([(0.52, 0.2), (0.5, 0.56), (0.7, 0.56), (0.72, 0.2)], (60, 84, 120))
    b.oval(0.6, 0.66, 0.1, 0.11, SKIN)
    b.poly([(0.42, 0.7), (0.78, 0.7), (0.6, 0.92)], (214, 176, 104))
    b.line([(-1.1, -0.08), (-0.3, -0.08)], 0.03, (236, 246, 252))
    b.line([(0.1, -0.1), (1.1, -0.1)], 0.03, (236, 246, 252))


def draw_sailboat(b: Brush, color: RGB) -> None:
    b.line([(0, 0.14), (0, 1.0)], 0.025, WOOD)
    b.poly([(0.03, 0.98), (0.4, 0.26), (0.03, 0.26)], color)
    b.poly([(-0.03, 0.9), (-0.32, 0.26), (-0.03, 0.26)], lighter(color, 0.35))
    b.poly([(-0.42, 0.2), (0.42, 0.2), (0.28, 0.0), (-0.28, 0.0)], (150, 96, 56))
    b.line([(-0.39, 0.16), (0.39, 0.16)], 0.025, WHITE)


def draw_umbrella(b: Brush, color: RGB) -> None:
    b.line([(0, 0.9), (0, 0.1), (0.05, 0.02), (0.12, 0.05)], 0.04, WOOD)
    dome = [(0.57 * cos(pi * i / 12), 0.5 + 0.46 * sin(pi * i / 12)) for i in range(13)]
    hem = [(-0.38, 0.55), (-0.19, 0.5), (0, 0.56), (0.19, 0.5), (0.38, 0.55)]
    b.poly([*dome, *hem], color)
    b.poly([(0, 0.96), (-0.19, 0.5), (0, 0.56), (0.19, 0.5)], lighter(color, 0.4), outline=False)
    for x in (-0.38, -0.19, 0.19, 0.38):
        b.curve([(x, 0.52), (x * 0.8, 0.8), (0, 0.96)], 0.014, darker(color, 0.35))
    b.line([(0, 0.95), (0, 1.03)], 0.03, WOOD)


DRAWERS: dict[str, Drawer] = {
    "car": draw_car,
    "bus": draw_bus,
    "bicycle": draw_bicycle,
    "boat": draw_boat,
    "sailboat": draw_sailboat,
    "umbrella": draw_umbrella,
}
