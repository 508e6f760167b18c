"""Trees and flowers."""

from math import cos, pi, sin

from training.world.canvas import Brush
from training.world.colors import RGB, WOOD, darker, lighter, mix
from training.world.light import LEAVES
from training.world.things.base import Drawer

_STEM: RGB = (70, 138, 64)
_BARK: RGB = (104, 74, 52)


def draw_willow(b: Brush, _: RGB) -> None:
    leaf = LEAVES[b.season]
    b.poly([(-0.06, 0), (0.07, 0), (0.05, 0.42), (0.14, 0.68), (0.08, 0.7), (0.01, 0.5),
            (-0.1, 0.72), (-0.15, 0.7), (-0.04, 0.42)], _BARK)  # fmt: skip
    b.blob([(-0.3, 0.66), (-0.36, 0.84), (-0.14, 0.98), (0.14, 0.98), (0.36, 0.84), (0.3, 0.66),
            (0, 0.72)], darker(leaf, 0.12))  # fmt: skip
    for i in range(15):
        x = -0.36 + 0.72 * i / 14
        top = 0.9 - 0.5 * x * x
        drop = b.rng.uniform(0.1, 0.32) + (0.18 if abs(x) < 0.12 else 0)
        sway = x * 0.16 + b.rng.uniform(-0.02, 0.02)
        points = [(x, top), (x + sway * 0.4, (top + drop) / 2 + 0.1), (x + sway, drop)]
        b.curve(points, 0.03, lighter(leaf, b.rng.uniform(0, 0.28)))


def draw_pine(b: Brush, _: RGB) -> None:
    leaf = mix((36, 102, 70), (226, 236, 238), 0.35 if b.season == "winter" else 0.0)
    b.rect(-0.045, 0, 0.045, 0.2, _BARK)
    for y, half in ((0.14, 0.31), (0.36, 0.25), (0.58, 0.18)):
        b.poly([(-half, y), (0, y - 0.05), (half, y), (0.02, y + 0.42), (-0.02, y + 0.42)], leaf)
        if b.snowy:
            b.poly([(-half * 0.45, y + 0.2), (half * 0.45, y + 0.2), (0, y + 0.4)], (246, 250, 252),
                   outline=False)  # fmt: skip


def draw_blossom(b: Brush, color: RGB) -> None:
    b.poly([(-0.06, 0), (0.06, 0), (0.04, 0.34), (0.24, 0.58), (0.2, 0.62), (0.02, 0.46),
            (-0.2, 0.66), (-0.25, 0.62), (-0.04, 0.36)], _BARK)  # fmt: skip
    puffs = ((-0.27, 0.62, 0.19), (0.26, 0.6, 0.2), (0, 0.8, 0.2), (-0.1, 0.6, 0.17),
             (0.14, 0.72, 0.17), (-0.2, 0.78, 0.14))  # fmt: skip
    for x, y, r in puffs:
        b.oval(x, y, r, r * 0.86, color)
    for x, y, r in puffs:
        b.oval(x, y + 0.02, r * 0.82, r * 0.7, lighter(color, 0.22), outline=False)
    for _ in range(16):
        x, y = b.rng.uniform(-0.4, 0.4), b.rng.uniform(0.5, 0.92)
        if (x / 0.46) ** 2 + ((y - 0.7) / 0.26) ** 2 < 1:
            b.oval(x, y, 0.022, 0.022, b.rng.choice([darker(color, 0.16), lighter(color, 0.6)]),
                   outline=False)  # fmt: skip


def draw_bamboo(b: Brush, _: RGB) -> None:
    stem = mix((92, 160, 70), LEAVES[b.season], 0.2)
    for x, top in ((-0.2, 0.86), (0.0, 1.0), (0.19, 0.78)):
        lean = x * 0.35
        b.line([(x, 0), (x + lean, top)], 0.045, stem)
        for k in range(1, 5):
            y = top * k / 5
            b.line(
                [(x + lean * k / 5 - 0.03, y), (x + lean * k / 5 + 0.03, y)],
                0.018,
                darker(stem, 0.4),
            )
        for k in range(5):
            y = top * (0.5 + 0.12 * k)
            side = -1 if k % 2 else 1
            cx = x + lean * (0.5 + 0.12 * k)
            b.poly([(cx, y), (cx + side * 0.1, y + 0.05), (cx + side * 0.2, y - 0.03),
                    (cx + side * 0.09, y - 0.0)], lighter(stem, 0.08 * (k % 3)))  # fmt: skip


def draw_palm(b: Brush, _: RGB) -> None:
    leaf = (70, 152, 74)
    b.poly(
        [(-0.05, 0), (0.05, 0), (0.1, 0.4), (0.07, 0.72), (0.03, 0.72), (0.03, 0.4)], (156, 112, 70)
    )
    for angle in (-0.2, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.35):
        x, y = cos(angle), sin(angle)
        tip = (0.05 + 0.37 * x, 0.72 + 0.24 * y - 0.1)
        b.blob([(0.05, 0.74), (0.05 + 0.2 * x, 0.78 + 0.24 * y),
                tip, (0.05 + 0.17 * x, 0.7 + 0.2 * y)], lighter(leaf, 0.1 * (x > 0)))  # fmt: skip
    for x in (0.01, 0.09):
        b.oval(x, 0.69, 0.035, 0.035, WOOD)


def draw_lotus(b: Brush, color: RGB) -> None:
    b.oval(0.05, 0.1, 0.56, 0.15, (62, 138, 84))
    b.oval(0.05, 0.11, 0.42, 0.09, (92, 166, 100), outline=False)
    for angle in (150, 30, 125, 55, 90):
        a = angle * pi / 180
        x, y = cos(a), sin(a)
        tip = (0.44 * x, 0.2 + 0.7 * y)
        b.blob([(0, 0.12), (0.3 * x - 0.13, 0.2 + 0.4 * y),
                tip, tip, (0.3 * x + 0.13, 0.2 + 0.4 * y)],
                lighter(color, 0.28 if angle in (90, 150, 30) else 0.05))  # fmt: skip
    b.oval(0, 0.3, 0.07, 0.07, (250, 210, 80), outline=False)


def draw_flower(b: Brush, color: RGB) -> None:
    b.line([(0, 0), (0.02, 0.6)], 0.045, _STEM)
    b.blob([(0, 0.12), (0.16, 0.34), (0.26, 0.3), (0.14, 0.12)], _STEM)
    b.blob([(0, 0.2), (-0.16, 0.42), (-0.26, 0.36), (-0.14, 0.18)], _STEM)
    for i in range(6):
        a = 2 * pi * i / 6 + 0.3
        b.oval(0.02 + 0.155 * cos(a), 0.76 + 0.155 * sin(a), 0.115, 0.115, color)
    b.oval(
        0.02, 0.76, 0.1, 0.1, (120, 70, 30) if color[2] < 90 and color[1] > 180 else (250, 214, 70)
    )


DRAWERS: dict[str, Drawer] = {
    "willow": draw_willow,
    "pine": draw_pine,
    "blossom": draw_blossom,
    "bamboo": draw_bamboo,
    "palm": draw_palm,
    "lotus": draw_lotus,
    "flower": draw_flower,
}
