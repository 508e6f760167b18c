"""Mountains, and what is in the air."""

from math import cos, pi, sin

from training.world.canvas import Brush
from training.world.colors import RGB, WOOD, darker, lighter, mix
from training.world.things.base import Drawer

_GREENS: dict[str, RGB] = {
    "spring": (116, 158, 140),
    "summer": (84, 132, 120),
    "autumn": (168, 132, 104),
    "winter": (152, 166, 184),
}


def draw_mountain(b: Brush, _: RGB) -> None:
    color = mix(_GREENS[b.season], b.canvas.light.haze, 0.15)
    jag = b.rng.uniform(-0.08, 0.08)
    ridge = [(-0.82, 0), (-0.55, 0.34), (-0.42, 0.4), (-0.2 + jag, 0.82), (jag, 1.0),
             (0.16 + jag, 0.8), (0.3, 0.56), (0.44, 0.5), (0.82, 0)]  # fmt: skip
    b.poly(ridge, color)
    b.poly([(jag, 1.0), (0.16 + jag, 0.8), (0.3, 0.56), (0.44, 0.5), (0.82, 0), (0.24, 0),
            (0.1, 0.36), (0.12, 0.6), (0.02, 0.72)],
           darker(color, 0.16), outline=False)  # fmt: skip
    if b.season == "winter":
        b.poly([(-0.2 + jag, 0.82), (jag, 1.0), (0.16 + jag, 0.8), (0.06, 0.7), (0.01, 0.78),
                (-0.08, 0.68)], (248, 250, 252), outline=False)  # fmt: skip


def draw_moon(b: Brush, _: RGB) -> None:
    halo = b.canvas.light.sky_top
    b.oval(0, 0.5, 0.62, 0.62, mix(halo, (255, 246, 200), 0.16), outline=False, glow=True)
    b.oval(0, 0.5, 0.46, 0.46, (255, 244, 196), glow=True)
    for x, y, r in ((-0.12, 0.6, 0.09), (0.14, 0.42, 0.07), (0.02, 0.3, 0.05)):
        b.oval(x, y, r, r, (240, 224, 168), outline=False, glow=True)


def draw_sun(b: Brush, _: RGB) -> None:
    for i in range(12):
        a = 2 * pi * i / 12
        b.line([(0.4 * cos(a), 0.5 + 0.4 * sin(a)), (0.58 * cos(a), 0.5 + 0.58 * sin(a))], 0.05,
               (255, 190, 60), glow=True)  # fmt: skip
    b.oval(0, 0.5, 0.36, 0.36, (255, 122, 48), glow=True)
    b.oval(-0.04, 0.54, 0.26, 0.26, (255, 150, 66), outline=False, glow=True)


def draw_bird(b: Brush, color: RGB) -> None:
    b.poly([(-0.46, 0.5), (-0.76, 0.6), (-0.72, 0.38)], darker(color, 0.15))
    b.blob([(-0.56, 0.5), (-0.2, 0.66), (0.3, 0.7), (0.5, 0.55), (0.3, 0.34), (-0.2, 0.3)], color)
    b.oval(0.42, 0.62, 0.2, 0.19, color)
    b.blob([(-0.12, 0.5), (-0.34, 1.05), (-0.1, 1.02), (0.26, 0.56)], darker(color, 0.2))
    b.blob([(-0.2, 0.46), (-0.1, 0.0), (0.06, 0.06), (0.2, 0.48)], darker(color, 0.1))
    b.poly([(0.58, 0.68), (0.8, 0.6), (0.58, 0.54)], (244, 160, 40))
    eye = (250, 250, 250) if sum(color) < 200 else (30, 30, 34)
    b.oval(0.47, 0.66, 0.045, 0.045, eye, outline=False)


def draw_kite(b: Brush, color: RGB) -> None:
    b.curve([(0, 0.4), (-0.1, 0.26), (0.1, 0.14), (-0.04, 0.0)], 0.025, darker(color, 0.2))
    for x, y in ((-0.04, 0.25), (0.05, 0.12)):
        b.poly([(x, y), (x - 0.07, y + 0.05), (x - 0.07, y - 0.04)], lighter(color, 0.3))
        b.poly([(x, y), (x + 0.07, y + 0.05), (x + 0.07, y - 0.04)], lighter(color, 0.3))
    b.poly([(0, 1.0), (0.33, 0.72), (0, 0.34), (-0.33, 0.72)], color)
    b.poly([(0, 1.0), (0.33, 0.72), (0, 0.72)], lighter(color, 0.38), outline=False)
    b.poly([(0, 0.72), (-0.33, 0.72), (0, 0.34)], darker(color, 0.14), outline=False)
    b.line([(0, 1.0), (0, 0.34)], 0.018, darker(color, 0.5))
    b.line([(-0.33, 0.72), (0.33, 0.72)], 0.018, darker(color, 0.5))


def draw_balloon(b: Brush, color: RGB) -> None:
    for x in (-0.1, 0.1):
        b.line([(x * 2.2, 0.42), (x, 0.16)], 0.015, darker(WOOD, 0.2))
    b.blob([(-0.16, 0.3), (-0.42, 0.58), (-0.36, 0.92), (0, 1.06), (0.36, 0.92), (0.42, 0.58),
            (0.16, 0.3)], color)  # fmt: skip
    b.blob([(-0.06, 0.31), (-0.2, 0.58), (-0.17, 0.92), (0, 1.05), (0.17, 0.92), (0.2, 0.58),
            (0.06, 0.31)], lighter(color, 0.42), outline=False)  # fmt: skip
    b.rect(-0.13, 0.29, 0.13, 0.34, darker(color, 0.25))
    b.rect(-0.11, 0.0, 0.11, 0.16, WOOD)


def draw_plane(b: Brush, color: RGB) -> None:
    b.poly([(-0.9, 0.55), (-0.98, 1.0), (-0.8, 1.0), (-0.58, 0.62)], darker(color, 0.14))
    b.blob([(-0.95, 0.5), (-0.6, 0.68), (0.6, 0.72), (1.0, 0.5), (0.7, 0.3), (-0.6, 0.36)], color)
    b.poly([(0.06, 0.6), (-0.3, 0.98), (-0.14, 0.98), (0.36, 0.62)], darker(color, 0.1))
    b.poly([(0.14, 0.44), (-0.42, -0.02), (-0.2, -0.02), (0.44, 0.42)], darker(color, 0.2))
    for x in (-0.4, -0.18, 0.04, 0.26, 0.48):
        b.oval(x, 0.56, 0.05, 0.05, (120, 180, 226), outline=False)
    b.poly([(0.64, 0.56), (0.86, 0.54), (0.72, 0.66), (0.6, 0.66)], (120, 180, 226), outline=False)


def draw_butterfly(b: Brush, color: RGB) -> None:
    for side in (-1, 1):
        b.blob(
            [
                (0, 0.55),
                (side * 0.2, 1.0),
                (side * 0.58, 1.0),
                (side * 0.56, 0.6),
                (side * 0.16, 0.45),
            ],
            color,
        )
        b.blob([(0, 0.5), (side * 0.3, 0.5), (side * 0.46, 0.24), (side * 0.24, 0.02),
                (side * 0.06, 0.24)], darker(color, 0.14))  # fmt: skip
        b.oval(side * 0.36, 0.76, 0.09, 0.09, lighter(color, 0.55), outline=False)
        b.oval(side * 0.24, 0.28, 0.06, 0.06, lighter(color, 0.55), outline=False)
        b.curve([(0, 0.72), (side * 0.06, 0.9), (side * 0.16, 0.96)], 0.025, (40, 36, 40))
    b.blob([(-0.05, 0.14), (-0.05, 0.74), (0.05, 0.74), (0.05, 0.14)], (48, 42, 46))


DRAWERS: dict[str, Drawer] = {
    "mountain": draw_mountain,
    "moon": draw_moon,
    "sun": draw_sun,
    "bird": draw_bird,
    "kite": draw_kite,
    "balloon": draw_balloon,
    "plane": draw_plane,
    "butterfly": draw_butterfly,
}
