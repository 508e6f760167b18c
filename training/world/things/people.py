"""People; the colour is that of their clothes."""

from training.world.canvas import Brush
from training.world.colors import RGB, SKIN, WOOD, darker, lighter
from training.world.things.base import Drawer

_HAIR: RGB = (46, 36, 36)


def _face(b: Brush, y: float) -> None:
    for x in (-0.045, 0.045):
        b.oval(x, y, 0.014, 0.018, (36, 30, 32), outline=False)
        b.oval(x * 1.8, y - 0.045, 0.024, 0.016, (244, 160, 146), outline=False)
    b.curve([(-0.03, y - 0.055), (0, y - 0.07), (0.03, y - 0.055)], 0.012, (180, 80, 70))


def draw_boy(b: Brush, color: RGB) -> None:
    trousers = (70, 84, 120) if color[2] < 180 else (110, 84, 60)
    for x in (-0.06, 0.06):
        b.rect(x - 0.048, 0.04, x + 0.048, 0.32, trousers)
        b.oval(x + 0.015, 0.025, 0.065, 0.03, (60, 46, 42))
    for side in (-1, 1):
        b.line([(side * 0.12, 0.55), (side * 0.21, 0.36)], 0.07, darker(color, 0.1))
        b.oval(side * 0.215, 0.335, 0.035, 0.035, SKIN)
    b.blob([(-0.15, 0.28), (-0.15, 0.6), (0, 0.66), (0.15, 0.6), (0.15, 0.28)], color)
    b.oval(0, 0.78, 0.15, 0.155, SKIN)
    b.blob(
        [
            (-0.16, 0.8),
            (-0.16, 0.94),
            (0, 1.0),
            (0.16, 0.94),
            (0.16, 0.8),
            (0.06, 0.89),
            (-0.06, 0.87),
        ],
        _HAIR,
    )
    _face(b, 0.77)


def draw_girl(b: Brush, color: RGB) -> None:
    for x in (-0.05, 0.05):
        b.rect(x - 0.028, 0.03, x + 0.028, 0.24, SKIN)
        b.oval(x + 0.01, 0.022, 0.05, 0.026, darker(color, 0.4))
    for side in (-1, 1):
        b.line([(side * 0.1, 0.55), (side * 0.21, 0.38)], 0.06, SKIN)
        b.blob(
            [(side * 0.12, 0.9), (side * 0.25, 0.82), (side * 0.22, 0.6), (side * 0.14, 0.7)], _HAIR
        )
        b.oval(side * 0.17, 0.86, 0.035, 0.03, lighter(color, 0.2))
    b.poly([(-0.1, 0.64), (0.1, 0.64), (0.22, 0.2), (-0.22, 0.2)], color)
    b.line([(-0.12, 0.45), (0.12, 0.45)], 0.03, darker(color, 0.3))
    b.oval(0, 0.78, 0.145, 0.15, SKIN)
    b.blob(
        [
            (-0.16, 0.76),
            (-0.17, 0.94),
            (0, 1.02),
            (0.17, 0.94),
            (0.16, 0.76),
            (0.1, 0.88),
            (-0.1, 0.88),
        ],
        _HAIR,
    )
    _face(b, 0.76)


def draw_elder(b: Brush, color: RGB) -> None:
    b.line([(0.25, 0.5), (0.25, 0.0)], 0.03, WOOD)
    for x in (-0.06, 0.05):
        b.rect(x - 0.045, 0.04, x + 0.045, 0.22, (82, 78, 80))
        b.oval(x + 0.015, 0.022, 0.062, 0.028, (48, 40, 40))
    b.line([(-0.12, 0.56), (-0.18, 0.34)], 0.075, darker(color, 0.1))
    b.line([(0.1, 0.56), (0.24, 0.46)], 0.07, darker(color, 0.1))
    b.blob([(-0.17, 0.16), (-0.15, 0.62), (0, 0.67), (0.15, 0.62), (0.17, 0.16)], color)
    b.line([(0, 0.2), (0, 0.6)], 0.014, darker(color, 0.4))
    b.oval(0.02, 0.79, 0.13, 0.14, SKIN)
    white = (236, 236, 234)
    b.blob(
        [(-0.09, 0.74), (-0.05, 0.58), (0.02, 0.5), (0.09, 0.58), (0.13, 0.74), (0.02, 0.68)], white
    )
    b.blob(
        [
            (-0.14, 0.76),
            (-0.13, 0.94),
            (0.02, 0.99),
            (0.17, 0.94),
            (0.17, 0.78),
            (0.1, 0.9),
            (-0.06, 0.9),
        ],
        white,
    )
    for x in (-0.03, 0.07):
        b.oval(x, 0.8, 0.014, 0.016, (40, 34, 36), outline=False)


DRAWERS: dict[str, Drawer] = {"boy": draw_boy, "girl": draw_girl, "elder": draw_elder}
