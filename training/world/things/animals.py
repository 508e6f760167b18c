"""Animals on the ground and in the water."""

from training.world.canvas import Brush
from training.world.colors import RGB, darker, lighter, mix
from training.world.things.base import Drawer

_BEAK: RGB = (246, 158, 44)


def _eye(b: Brush, x: float, y: float, size: float, fur: RGB) -> None:
    b.oval(x, y, size, size, (252, 252, 248) if sum(fur) < 260 else (30, 28, 32), outline=False)


def _belly(fur: RGB) -> RGB:
    return lighter(fur, 0.45) if sum(fur) < 680 else (236, 226, 214)


def draw_cat(b: Brush, fur: RGB) -> None:
    b.curve([(0.2, 0.1), (0.44, 0.1), (0.42, 0.36), (0.34, 0.46)], 0.08, darker(fur, 0.12))
    b.blob([(-0.26, 0), (-0.26, 0.34), (-0.1, 0.56), (0.1, 0.56), (0.28, 0.34), (0.28, 0)], fur)
    b.oval(0, 0.17, 0.13, 0.16, _belly(fur), outline=False)
    for side in (-1, 1):
        b.poly([(side * 0.25, 0.66), (side * 0.24, 1.0), (side * 0.04, 0.84)], fur)
        b.poly(
            [(side * 0.2, 0.76), (side * 0.2, 0.91), (side * 0.11, 0.84)],
            (238, 160, 160),
            outline=False,
        )
        b.oval(side * 0.12, 0.03, 0.09, 0.045, _belly(fur))
    b.oval(0, 0.67, 0.28, 0.225, fur)
    for side in (-1, 1):
        _eye(b, side * 0.11, 0.7, 0.035, fur)
        b.line([(side * 0.1, 0.59), (side * 0.34, 0.62)], 0.012, darker(fur, 0.5))
        b.line([(side * 0.1, 0.57), (side * 0.33, 0.55)], 0.012, darker(fur, 0.5))
    b.oval(0, 0.62, 0.035, 0.026, (226, 120, 130), outline=False)


def draw_dog(b: Brush, fur: RGB) -> None:
    b.curve([(-0.36, 0.46), (-0.54, 0.56), (-0.52, 0.78)], 0.08, fur)
    for x in (-0.36, -0.22, 0.14, 0.27):
        b.rect(x - 0.055, 0, x + 0.055, 0.32, darker(fur, 0.12 if x in (-0.22, 0.14) else 0))
    b.blob([(-0.48, 0.3), (-0.46, 0.56), (0.1, 0.6), (0.38, 0.56), (0.36, 0.24), (-0.3, 0.22)], fur)
    b.blob(
        [
            (0.1, 0.6),
            (0.14, 0.9),
            (0.36, 0.98),
            (0.48, 0.82),
            (0.62, 0.76),
            (0.6, 0.62),
            (0.4, 0.54),
        ],
        fur,
    )
    b.blob([(0.14, 0.96), (0.02, 0.86), (0.08, 0.6), (0.24, 0.74)], darker(fur, 0.3))
    b.oval(0.59, 0.73, 0.045, 0.045, (34, 30, 32), outline=False)
    _eye(b, 0.38, 0.82, 0.035, fur)
    b.line([(0.16, 0.58), (0.4, 0.55)], 0.06, (214, 54, 50))


def draw_rabbit(b: Brush, fur: RGB) -> None:
    for x in (-0.1, 0.1):
        b.blob(
            [(x - 0.08, 0.66), (x * 1.6 - 0.06, 1.04), (x * 1.6 + 0.06, 1.04), (x + 0.08, 0.66)],
            fur,
        )
        b.blob([(x - 0.03, 0.7), (x * 1.5 - 0.02, 0.96), (x * 1.5 + 0.02, 0.96), (x + 0.03, 0.7)],
               (244, 176, 186), outline=False)  # fmt: skip
    b.oval(0.3, 0.12, 0.09, 0.08, lighter(fur, 0.4))
    b.blob([(-0.3, 0), (-0.28, 0.28), (0, 0.44), (0.28, 0.28), (0.3, 0)], fur)
    b.oval(0, 0.14, 0.14, 0.12, _belly(fur), outline=False)
    b.oval(0, 0.52, 0.24, 0.2, fur)
    for side in (-1, 1):
        _eye(b, side * 0.1, 0.55, 0.035, fur)
        b.oval(side * 0.12, 0.03, 0.09, 0.04, fur)
    b.oval(0, 0.47, 0.035, 0.028, (232, 120, 140), outline=False)


def draw_cow(b: Brush, fur: RGB) -> None:
    b.curve([(-0.6, 0.66), (-0.72, 0.5), (-0.68, 0.3)], 0.04, darker(fur, 0.2))
    for x in (-0.5, -0.32, 0.2, 0.38):
        b.rect(x - 0.06, 0, x + 0.06, 0.36, darker(fur, 0.15))
        b.rect(x - 0.06, 0, x + 0.06, 0.06, (60, 50, 46), outline=False)
    b.blob([(-0.64, 0.3), (-0.66, 0.74), (-0.2, 0.8), (0.34, 0.8), (0.5, 0.6), (0.42, 0.28)], fur)
    patch = (246, 244, 238) if sum(fur) < 400 else (70, 60, 56)
    b.blob([(-0.4, 0.5), (-0.36, 0.72), (-0.1, 0.74), (-0.14, 0.52)], patch, outline=False)
    b.blob([(0.08, 0.36), (0.1, 0.52), (0.28, 0.5), (0.26, 0.36)], patch, outline=False)
    for side in (0.42, 0.72):
        b.curve([(0.57, 0.88), (side, 0.94), (side, 1.06)], 0.05, (236, 222, 190))
    b.blob([(0.4, 0.82), (0.48, 0.96), (0.66, 0.96), (0.74, 0.82), (0.7, 0.56), (0.46, 0.56)], fur)
    b.oval(0.58, 0.6, 0.14, 0.09, (240, 186, 170))
    for x in (0.5, 0.66):
        _eye(b, x, 0.82, 0.032, fur)


def draw_horse(b: Brush, fur: RGB) -> None:
    mane = darker(fur, 0.55) if sum(fur) > 250 else (120, 104, 92)
    b.blob([(-0.4, 0.62), (-0.58, 0.5), (-0.54, 0.14), (-0.46, 0.3), (-0.36, 0.5)], mane)
    for x in (-0.34, -0.22, 0.12, 0.24):
        b.rect(x - 0.042, 0, x + 0.042, 0.4, darker(fur, 0.1))
        b.rect(x - 0.042, 0, x + 0.042, 0.05, (50, 44, 44), outline=False)
    b.blob([(-0.46, 0.36), (-0.46, 0.64), (0, 0.64), (0.3, 0.68), (0.32, 0.4), (0, 0.32)], fur)
    b.blob(
        [
            (0.06, 0.58),
            (0.22, 0.94),
            (0.34, 0.98),
            (0.56, 0.8),
            (0.54, 0.7),
            (0.36, 0.76),
            (0.34, 0.5),
        ],
        fur,
    )
    b.blob([(0.04, 0.64), (0.16, 0.96), (0.3, 1.02), (0.22, 0.8), (0.14, 0.6)], mane)
    b.poly([(0.26, 0.94), (0.3, 1.06), (0.35, 0.95)], fur)
    _eye(b, 0.37, 0.87, 0.028, fur)


def draw_chicken(b: Brush, fur: RGB) -> None:
    red = (216, 44, 40)
    for x in (-0.04, 0.1):
        b.line([(x, 0.24), (x, 0.02), (x + 0.08, 0.0)], 0.035, _BEAK)
    tail = mix(darker(fur, 0.35), (40, 90, 80), 0.4)
    b.blob([(-0.2, 0.4), (-0.5, 0.6), (-0.5, 0.92), (-0.3, 0.86), (-0.1, 0.56)], tail)
    b.blob(
        [
            (-0.36, 0.42),
            (-0.2, 0.24),
            (0.2, 0.22),
            (0.36, 0.46),
            (0.34, 0.86),
            (0.16, 0.88),
            (0.06, 0.6),
        ],
        fur,
    )
    b.blob([(-0.22, 0.48), (-0.1, 0.3), (0.12, 0.34), (0.1, 0.52)], darker(fur, 0.16))
    b.blob([(0.12, 0.88), (0.12, 1.0), (0.22, 0.94), (0.3, 1.02), (0.38, 0.88)], red)
    b.poly([(0.38, 0.84), (0.52, 0.78), (0.37, 0.74)], _BEAK)
    b.oval(0.37, 0.68, 0.045, 0.07, red, outline=False)
    _eye(b, 0.3, 0.82, 0.028, fur)


def draw_duck(b: Brush, fur: RGB) -> None:
    b.blob([(-0.62, 0.52), (-0.5, 0.06), (0.3, 0.02), (0.46, 0.3), (0.2, 0.52), (-0.3, 0.42)], fur)
    b.blob([(-0.36, 0.36), (-0.22, 0.16), (0.14, 0.18), (0.12, 0.4)], darker(fur, 0.15))
    b.blob([(0.12, 0.34), (0.16, 0.7), (0.44, 0.7), (0.42, 0.3)], fur, outline=False)
    b.oval(0.32, 0.78, 0.23, 0.22, fur)
    b.poly([(0.5, 0.84), (0.74, 0.76), (0.5, 0.68)], _BEAK)
    _eye(b, 0.38, 0.84, 0.045, fur)
    for x0 in (-0.7, 0.2):
        b.line([(x0, -0.04), (x0 + 0.5, -0.04)], 0.04, (236, 246, 252))


def draw_fish(b: Brush, color: RGB) -> None:
    b.poly([(-0.46, 0.5), (-0.88, 0.92), (-0.78, 0.5), (-0.88, 0.1)], darker(color, 0.12))
    b.poly([(-0.2, 0.8), (0.1, 1.08), (0.3, 0.8)], darker(color, 0.12))
    b.blob([(-0.6, 0.5), (-0.2, 0.92), (0.4, 0.92), (0.86, 0.5), (0.4, 0.1), (-0.2, 0.1)], color)
    b.blob(
        [(-0.3, 0.36), (0.3, 0.24), (0.6, 0.36), (0.2, 0.12), (-0.2, 0.16)],
        lighter(color, 0.5),
        outline=False,
    )
    for x in (-0.2, 0.04, 0.26):
        b.curve([(x, 0.72), (x + 0.1, 0.5), (x, 0.3)], 0.04, darker(color, 0.25))
    b.oval(0.52, 0.6, 0.1, 0.1, (252, 252, 250), outline=False)
    b.oval(0.54, 0.6, 0.055, 0.055, (24, 24, 28), outline=False)


def draw_crane(b: Brush, _: RGB) -> None:
    white, black = (250, 250, 248), (44, 44, 50)
    for x in (-0.04, 0.05):
        b.line([(x, 0.36), (x + 0.02, 0.0)], 0.022, (90, 84, 84))
    b.blob([(-0.4, 0.3), (-0.2, 0.36), (-0.1, 0.48), (-0.34, 0.46)], black)
    b.blob([(-0.36, 0.36), (-0.18, 0.54), (0.12, 0.54), (0.18, 0.42), (0, 0.32)], white)
    b.curve([(0.1, 0.46), (0.24, 0.62), (0.12, 0.78), (0.2, 0.92)], 0.06, white)
    b.curve([(0.16, 0.56), (0.2, 0.64), (0.15, 0.74)], 0.045, black)
    b.oval(0.2, 0.92, 0.06, 0.05, white)
    b.oval(0.19, 0.955, 0.045, 0.026, (220, 40, 40), outline=False)
    b.poly([(0.24, 0.94), (0.42, 0.89), (0.24, 0.9)], (110, 100, 80))


DRAWERS: dict[str, Drawer] = {
    "cat": draw_cat,
    "dog": draw_dog,
    "rabbit": draw_rabbit,
    "cow": draw_cow,
    "horse": draw_horse,
    "chicken": draw_chicken,
    "duck": draw_duck,
    "fish": draw_fish,
    "crane": draw_crane,
}
