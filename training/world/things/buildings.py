"""Bridges, houses, pagodas, pavilions, towers, a lighthouse, signs and lanterns."""

from math import cos, pi, sin

from training.world.canvas import Brush
from training.world.colors import RGB, STONE, TILE, WHITE, WOOD, darker, lighter, mix
from training.world.things.base import Drawer

_LAMP: RGB = (255, 214, 110)
_SNOW: RGB = (244, 248, 252)


def draw_bridge(b: Brush, _: RGB) -> None:
    def deck(x: float) -> float:
        return 0.14 + 0.74 * float((0.5 + 0.5 * cos(pi * x / 1.15)) ** 0.72)

    xs = [-1.15 + 2.3 * i / 20 for i in range(21)]
    arch = [(0.5 * cos(pi * i / 14), 0.56 * sin(pi * i / 14)) for i in range(15)]
    b.poly([*[(x, deck(x)) for x in xs], (1.15, 0), *arch, (-1.15, 0)], STONE)
    ring = [(0.56 * cos(pi * i / 14), 0.62 * sin(pi * i / 14)) for i in range(15)]
    b.line(ring, 0.035, darker(STONE, 0.3))
    for i in range(1, 14):
        x, y = cos(pi * i / 14), sin(pi * i / 14)
        b.line([(0.5 * x, 0.56 * y), (0.6 * x, 0.66 * y)], 0.015, darker(STONE, 0.35))
    for x in (-0.98, -0.84, -0.7, 0.7, 0.84, 0.98):
        b.line([(x, 0.06), (x, deck(x) - 0.04)], 0.014, darker(STONE, 0.22))
    b.line([(x, deck(x)) for x in xs], 0.05, darker(STONE, 0.15))
    for x in xs[1:-1:2]:
        b.line([(x, deck(x)), (x, deck(x) + 0.12)], 0.035, lighter(STONE, 0.25))
    b.line(
        [(x, deck(x) + 0.115) for x in xs[1:-1]], 0.03, _SNOW if b.snowy else lighter(STONE, 0.35)
    )


def draw_house(b: Brush, _: RGB) -> None:
    b.rect(-0.52, 0, 0.52, 0.56, (248, 246, 240))
    _house_front(b)
    tile = _SNOW if b.snowy else TILE
    b.poly([(-0.62, 0.5), (-0.5, 0.84), (0.5, 0.84), (0.62, 0.5)], tile)
    for i in range(-4, 5):
        b.line([(i * 0.128, 0.52), (i * 0.108, 0.82)], 0.012, darker(tile, 0.3))
    b.line([(-0.56, 0.91), (-0.48, 0.85), (0.48, 0.85), (0.56, 0.91)], 0.05, darker(TILE, 0.3))
    for side in (-1, 1):  # stepped horse-head gables
        _gable(b, side, tile)


def _house_front(b: Brush) -> None:
    lamp = b.is_night
    b.rect(-0.11, 0, 0.11, 0.34, darker(WOOD, 0.15))
    b.line([(0, 0.01), (0, 0.33)], 0.014, darker(WOOD, 0.5))
    for x in (-0.31, 0.31):
        b.rect(x - 0.1, 0.18, x + 0.1, 0.38, _LAMP if lamp else darker(WOOD, 0.35), glow=lamp)
        b.line([(x, 0.18), (x, 0.38)], 0.016, darker(WOOD, 0.55))
        b.line([(x - 0.1, 0.28), (x + 0.1, 0.28)], 0.016, darker(WOOD, 0.55))


def _gable(b: Brush, side: int, tile: RGB) -> None:
    inner, outer = side * 0.44, side * 0.6
    b.poly([(inner, 0), (outer, 0), (outer, 0.68), (inner, 0.68)], WHITE)
    middle = side * 0.53
    b.poly([(inner, 0.66), (middle, 0.66), (middle, 0.86), (inner, 0.86)], WHITE, outline=False)
    b.line([(side * 0.66, 0.72), (side * 0.5, 0.69)], 0.055, tile if b.snowy else TILE)
    b.line([(side * 0.6, 0.91), (side * 0.4, 0.87)], 0.055, tile if b.snowy else TILE)


def draw_pagoda(b: Brush, _: RGB) -> None:
    wall, tile = (196, 92, 66), _SNOW if b.snowy else TILE
    for i in range(5):
        y, half = 0.17 * i, 0.15 - 0.019 * i
        b.rect(-half, y, half, y + 0.12, wall)
        lamp = b.is_night
        b.rect(-0.03, y + 0.02, 0.03, y + 0.09, _LAMP if lamp else darker(wall, 0.6), outline=False,
               glow=lamp)  # fmt: skip
        wide = half + 0.075
        b.poly(
            [
                (-wide, y + 0.135),
                (-half + 0.01, y + 0.11),
                (half - 0.01, y + 0.11),
                (wide, y + 0.135),
                (half * 0.8, y + 0.18),
                (-half * 0.8, y + 0.18),
            ],
            tile,
        )
    b.poly([(-0.02, 0.84), (0.02, 0.84), (0.006, 1), (-0.006, 1)], (206, 160, 60))
    b.oval(0, 0.89, 0.022, 0.018, (226, 180, 70), outline=False)


def draw_pavilion(b: Brush, _: RGB) -> None:
    red, tile = (186, 58, 46), _SNOW if b.snowy else (64, 96, 92)
    b.rect(-0.5, 0, 0.5, 0.07, STONE)
    for x in (-0.4, -0.15, 0.15, 0.4):
        b.rect(x - 0.028, 0.07, x + 0.028, 0.56, red)
    for y in (0.16, 0.22):
        b.line([(-0.4, y), (-0.15, y)], 0.025, red)
        b.line([(0.15, y), (0.4, y)], 0.025, red)
    b.rect(-0.44, 0.5, 0.44, 0.56, darker(red, 0.15))
    b.poly([(-0.58, 0.66), (-0.46, 0.54), (0.46, 0.54), (0.58, 0.66), (0.36, 0.68), (0.08, 0.9),
            (-0.08, 0.9), (-0.36, 0.68)], tile)  # fmt: skip
    for x in (-0.26, -0.12, 0.12, 0.26):
        b.line([(x * 1.2, 0.57), (x * 0.4, 0.86)], 0.014, darker(tile, 0.3))
    b.oval(0, 0.93, 0.055, 0.055, (226, 172, 60))


def draw_tower(b: Brush, _: RGB) -> None:
    wall = b.rng.choice([(176, 190, 206), (206, 196, 180), (150, 170, 196), (214, 180, 164)])
    b.rect(-0.22, 0, 0.22, 0.94, wall)
    b.rect(0.1, 0, 0.22, 0.94, darker(wall, 0.14), outline=False)
    b.rect(-0.14, 0.94, 0.1, 0.99, darker(wall, 0.25))
    for row in range(9):
        for x in (-0.16, -0.06, 0.04, 0.14):
            lit = b.is_night and b.rng.random() < 0.65
            glass = _LAMP if lit else (92, 124, 160)
            y = 0.1 + row * 0.092
            b.rect(x - 0.028, y, x + 0.028, y + 0.05, glass, outline=False, glow=lit)
    b.rect(-0.05, 0, 0.05, 0.07, darker(wall, 0.5))


def draw_lighthouse(b: Brush, color: RGB) -> None:
    stripe = (210, 60, 54) if sum(color) > 700 else color
    b.blob([(-0.2, 0), (-0.2, 0.05), (0, 0.07), (0.2, 0.05), (0.2, 0)], STONE)
    b.poly([(-0.14, 0.04), (0.14, 0.04), (0.085, 0.76), (-0.085, 0.76)], WHITE)
    for y in () if sum(color) > 700 else (0.12, 0.38, 0.62):
        w0, w1 = 0.14 - 0.076 * (y - 0.04), 0.14 - 0.076 * (y + 0.08)
        b.poly([(-w0, y), (w0, y), (w1, y + 0.12), (-w1, y + 0.12)], stripe, outline=False)
    b.rect(-0.11, 0.76, 0.11, 0.785, darker(stripe, 0.3))
    b.rect(-0.06, 0.785, 0.06, 0.88, _LAMP, glow=True)
    b.poly([(-0.095, 0.88), (0.095, 0.88), (0, 0.99)], stripe)


def draw_sign_board(b: Brush, _: RGB) -> None:
    """The post and board; the words are written by the renderer, which knows them."""
    for x in (-0.4, 0.4):
        b.rect(x - 0.035, 0, x + 0.035, 0.5, WOOD)
    b.rect(-0.6, 0.42, 0.6, 0.94, (88, 44, 26))
    b.rect(-0.55, 0.46, 0.55, 0.9, (252, 244, 222))
    b.poly([(-0.68, 0.92), (0.68, 0.92), (0.56, 1.02), (-0.56, 1.02)], _SNOW if b.snowy else TILE)


def draw_lantern(b: Brush, color: RGB) -> None:
    gold = (236, 188, 70)
    b.line([(0, 1.25), (0, 0.8)], 0.03, darker(WOOD, 0.3))
    b.rect(-0.14, 0.76, 0.14, 0.83, gold)
    b.oval(0, 0.53, 0.37, 0.26, color, glow=True)
    for k in (0.2, 0.0):
        b.oval(0, 0.53, k, 0.255, mix(color, (255, 236, 150), 0.35 if k else 0.45), outline=False,
               glow=True)  # fmt: skip
    b.rect(-0.14, 0.23, 0.14, 0.3, gold)
    for x in (-0.08, 0, 0.08):
        b.line([(x, 0.23), (x, 0.0)], 0.035, darker(color, 0.1))


DRAWERS: dict[str, Drawer] = {
    "bridge": draw_bridge,
    "house": draw_house,
    "pagoda": draw_pagoda,
    "pavilion": draw_pavilion,
    "tower": draw_tower,
    "lighthouse": draw_lighthouse,
    "sign": draw_sign_board,
    "lantern": draw_lantern,
}
