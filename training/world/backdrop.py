"""The place behind the things: sky, ground, water with its mirror image, a table by a window."""

from collections.abc import Callable
from itertools import pairwise
from math import pi, sin

import numpy as np
from PIL import Image

from training.world.canvas import Canvas, Point, smooth
from training.world.colors import COLORS, RGB, STONE, TILE, WHITE, WOOD, darker, lighter, mix
from training.world.light import GRASS, LEAVES
from training.world.scene import Scene

HORIZON = {"river": 0.54, "meadow": 0.56, "beach": 0.5, "street": 0.58, "town": 0.6, "table": 0.0}
WATERLINE = 0.6
_WATER_END = 0.9


def draw_far(canvas: Canvas, scene: Scene) -> None:
    """The sky and what hangs in it by itself, down to the horizon."""
    if scene.place == "table":
        return
    gradient(
        canvas, 0.0, HORIZON[scene.place] + 0.04, canvas.light.sky_top, canvas.light.sky_bottom
    )
    if canvas.light.is_night and scene.weather in ("sunny", "cloudy"):
        _stars(canvas, 34 if scene.weather == "sunny" else 10)
    clouds = {"sunny": 1, "cloudy": 5, "rain": 5, "snow": 3, "fog": 0}[scene.weather]
    _clouds(canvas, scene, clouds)


def draw_ground(canvas: Canvas, scene: Scene) -> None:
    """Everything from the horizon down that things of the back rows stand on."""
    _GROUNDS[scene.place](canvas, scene)


def draw_water(canvas: Canvas, scene: Scene) -> None:
    """The river with the mirror image of what is drawn so far; then ripples."""
    if scene.place != "river":
        return
    _mirror(canvas, scene)
    for _ in range(16):
        y = canvas.rng.uniform(WATERLINE + 0.02, _WATER_END - 0.02)
        x, half = canvas.rng.uniform(0, 1), canvas.rng.uniform(0.02, 0.07)
        canvas.line([(x - half, y), (x + half, y)], 0.003, mix(_water_color(canvas), WHITE, 0.45))


def draw_near(canvas: Canvas, scene: Scene) -> None:
    """The near bank, and the small signs of the season."""
    if scene.place == "river":
        rng = canvas.rng
        edge = [
            (-0.02, 0.9),
            (0.2, 0.875 + rng.uniform(-0.01, 0.01)),
            (0.5, 0.9),
            (0.8, 0.88),
            (1.02, 0.9),
        ]
        with canvas.layer():
            canvas.poly(
                [*smooth(edge, closed=False), (1.02, 1.02), (-0.02, 1.02)], GRASS[scene.season]
            )
    if scene.place not in ("table", "street"):
        _litter(canvas, scene)


def gradient(canvas: Canvas, top: float, bottom: float, first: RGB, last: RGB) -> None:
    """Fill a full-width band with a vertical gradient of final colours."""
    side = canvas.pixels
    y0, y1 = round(top * side), min(side, round(bottom * side))
    share = np.linspace(0, 1, max(1, y1 - y0), dtype=np.float32)[:, None]
    if canvas.manner.cut_paper:
        share = (np.floor(share * 4) / 4).astype(np.float32)
    rows = np.asarray(first, np.float32) * (1 - share) + np.asarray(last, np.float32) * share
    band = np.repeat(rows.round().astype(np.uint8)[:, None, :], side, axis=1)
    canvas.image.paste(Image.fromarray(band), (0, y0))


def _stars(canvas: Canvas, count: int) -> None:
    for _ in range(count):
        x, y = canvas.rng.random(), canvas.rng.uniform(0, 0.42)
        size = canvas.rng.choice((0.0025, 0.004, 0.0055))
        canvas.oval(x, y, size, size, (255, 248, 214), outline=False, glow=True)


def _clouds(canvas: Canvas, scene: Scene, count: int) -> None:
    rng, light = canvas.rng, canvas.light
    dark = {"rain": 0.55, "cloudy": 0.22, "snow": 0.12}.get(scene.weather, 0.0)
    body = mix(mix(WHITE, (96, 104, 118), dark), light.sky_top, 0.45 if light.is_night else 0.16)
    for i in range(count):
        x, y, size = (
            (i + rng.uniform(0.2, 0.8)) / count,
            rng.uniform(0.05, 0.2),
            rng.uniform(0.07, 0.11),
        )
        with canvas.layer():
            for dx, dy, r in (
                (-1.2, 0.25, 0.6),
                (1.2, 0.25, 0.6),
                (-0.5, -0.1, 0.8),
                (0.5, 0, 0.75),
            ):
                canvas.oval(x + dx * size, y + dy * size, r * size * 1.1, r * size * 0.72, body,
                            outline=False, glow=True)  # fmt: skip


def _hill(canvas: Canvas, left: float, middle: float, right: float, color: RGB) -> None:
    line: list[Point] = [(-0.02, left), (0.3, middle), (0.66, (middle + right) / 2), (1.02, right)]
    with canvas.layer():
        canvas.poly([*smooth(line, closed=False), (1.02, 1.02), (-0.02, 1.02)], color)


def _bushes(canvas: Canvas, scene: Scene, y: float, count: int, size: float) -> None:
    for i in range(count):
        x = (i + canvas.rng.uniform(0.1, 0.9)) / count
        color = mix(LEAVES[scene.season], canvas.light.haze, 0.12 + canvas.rng.uniform(0, 0.16))
        r = size * canvas.rng.uniform(0.7, 1.25)
        canvas.oval(x, y, r * 1.5, r, color)


def _river(canvas: Canvas, scene: Scene) -> None:
    grass = GRASS[scene.season]
    _bushes(canvas, scene, 0.545, 12, 0.03)
    _hill(canvas, 0.55, 0.535, 0.55, mix(grass, canvas.light.haze, 0.1))
    canvas.line([(-0.02, WATERLINE - 0.003), (1.02, WATERLINE - 0.003)], 0.012, darker(STONE, 0.1))


def _meadow(canvas: Canvas, scene: Scene) -> None:
    grass = GRASS[scene.season]
    _bushes(canvas, scene, 0.56, 10, 0.034)
    _hill(canvas, 0.555, 0.57, 0.55, mix(grass, canvas.light.haze, 0.22))
    _hill(canvas, 0.68, 0.64, 0.7, grass)
    _hill(canvas, 0.84, 0.88, 0.83, darker(grass, 0.06))


def _beach(canvas: Canvas, scene: Scene) -> None:
    sea = mix(canvas.color((52, 138, 184), glow=False), canvas.light.sky_bottom, 0.18)
    gradient(canvas, 0.5, 0.74, sea, mix(sea, canvas.color((170, 226, 222)), 0.6))
    for i in range(9):
        y = 0.53 + 0.018 * i
        x, half = canvas.rng.random(), canvas.rng.uniform(0.04, 0.12)
        canvas.line([(x - half, y), (x + half, y)], 0.004, (220, 240, 244))
    sand = mix((240, 216, 164), WHITE, 0.55 if scene.season == "winter" else 0.0)
    _hill(canvas, 0.735, 0.705, 0.74, (246, 250, 250))
    _hill(canvas, 0.75, 0.72, 0.755, sand)
    for x in (0.0, 0.07, 0.95, 1.0):
        canvas.oval(x, 0.75, 0.06, 0.035, LEAVES[scene.season])


def _street(canvas: Canvas, scene: Scene) -> None:
    _skyline(canvas)
    for i in range(9):
        x = 0.06 + 0.11 * i
        canvas.line([(x, 0.5), (x, 0.6)], 0.01, WOOD)
        canvas.oval(x, 0.51, 0.045, 0.05, LEAVES[scene.season])
    paving = mix((206, 200, 190), WHITE, 0.6 if scene.season == "winter" else 0.0)
    road = mix((112, 116, 124), WHITE, 0.15 if scene.season == "winter" else 0.0)
    with canvas.layer():
        canvas.poly([(-0.02, 0.585), (1.02, 0.585), (1.02, 1.02), (-0.02, 1.02)], paving)
    with canvas.layer():
        canvas.poly([(-0.02, 0.7), (1.02, 0.7), (1.02, 1.02), (-0.02, 1.02)], road)
    canvas.line([(-0.02, 0.7), (1.02, 0.7)], 0.012, lighter(paving, 0.3))
    for i in range(6):
        canvas.line([(0.02 + 0.18 * i, 0.8), (0.1 + 0.18 * i, 0.8)], 0.01, (240, 236, 220))


def _skyline(canvas: Canvas) -> None:
    far = mix(canvas.light.shine_on((150, 166, 188)), canvas.light.haze, 0.6)
    x = -0.03
    while x < 1.0:
        width = canvas.rng.uniform(0.05, 0.1)
        top = canvas.rng.uniform(0.4, 0.52)
        canvas.poly(
            [(x, top), (x + width, top), (x + width, 0.6), (x, 0.6)], far, outline=False, glow=True
        )
        x += width + 0.005


def _town(canvas: Canvas, scene: Scene) -> None:
    _bushes(canvas, scene, 0.5, 8, 0.05)
    with canvas.layer():
        canvas.poly([(-0.02, 0.5), (1.02, 0.5), (1.02, 0.64), (-0.02, 0.64)], (240, 237, 228))
        cap = WHITE if scene.season == "winter" else TILE
        canvas.poly([(-0.02, 0.485), (1.02, 0.485), (1.02, 0.515), (-0.02, 0.515)], cap)
    stone = mix((186, 182, 172), WHITE, 0.6 if scene.season == "winter" else 0.0)
    with canvas.layer():
        canvas.poly([(-0.02, 0.62), (1.02, 0.62), (1.02, 1.02), (-0.02, 1.02)], stone)
    seam = darker(stone, 0.2)
    rows = (0.62, 0.665, 0.725, 0.8, 0.895, 1.01)
    for k, (y0, y1) in enumerate(pairwise(rows)):
        canvas.line([(-0.02, y1), (1.02, y1)], 0.004, seam)
        for i in range(9):
            x = -0.1 + 0.15 * i + 0.07 * (k % 2)
            canvas.line(
                [(0.5 + (x - 0.5) * (0.7 + y0 / 2), y0), (0.5 + (x - 0.5) * (0.7 + y1 / 2), y1)],
                0.004,
                seam,
            )


def _table(canvas: Canvas, scene: Scene) -> None:
    wall = canvas.rng.choice(((236, 222, 198), (212, 226, 222), (232, 212, 208), (220, 220, 234)))
    gradient(canvas, 0, 0.66, canvas.color(wall), canvas.color(darker(wall, 0.1)))
    _window(canvas, scene)
    wood = canvas.rng.choice(((176, 116, 70), (150, 92, 54), (196, 146, 96)))
    with canvas.layer():
        canvas.poly([(-0.02, 0.62), (1.02, 0.62), (1.02, 1.02), (-0.02, 1.02)], wood)
    canvas.line([(-0.02, 0.625), (1.02, 0.625)], 0.014, lighter(wood, 0.3))
    for y in (0.7, 0.79, 0.9):
        canvas.line([(-0.02, y), (1.02, y)], 0.004, darker(wood, 0.22))


def _window(canvas: Canvas, scene: Scene) -> None:
    view = Canvas(canvas.pixels, canvas.light, canvas.manner, canvas.rng)
    gradient(view, 0.0, 0.6, canvas.light.sky_top, canvas.light.sky_bottom)
    if canvas.light.is_night:
        _stars(view, 24)
    view.poly([(0, 0.44), (1, 0.42), (1, 0.6), (0, 0.6)], GRASS[scene.season])
    view.line([(0.64, 0.5), (0.64, 0.3)], 0.022, WOOD)
    for dx, dy, r in ((-0.06, 0.0, 0.07), (0.06, 0.0, 0.07), (0, -0.07, 0.08)):
        view.oval(0.64 + dx, 0.28 + dy, r, r, LEAVES[scene.season])
    draw_weather(view, scene)
    side = canvas.pixels
    box = (round(0.26 * side), round(0.08 * side), round(0.74 * side), round(0.5 * side))
    canvas.image.paste(view.image.crop(box), box)
    frame = WHITE
    for x in (0.26, 0.5, 0.74):
        canvas.line([(x, 0.08), (x, 0.5)], 0.018, frame)
    for y in (0.08, 0.29, 0.5):
        canvas.line([(0.25, y), (0.75, y)], 0.018, frame)
    for x0, x1 in ((0.2, 0.31), (0.8, 0.69)):
        canvas.poly(
            [(x0, 0.05), (x1, 0.05), (x0 + (x1 - x0) * 0.4, 0.53), (x0, 0.53)], (214, 136, 120)
        )


_GROUNDS: dict[str, Callable[[Canvas, Scene], None]] = {
    "river": _river,
    "meadow": _meadow,
    "beach": _beach,
    "street": _street,
    "town": _town,
    "table": _table,
}


def _water_color(canvas: Canvas) -> RGB:
    return mix((96, 168, 186), canvas.light.sky_bottom, 0.25)


def _mirror(canvas: Canvas, scene: Scene) -> None:
    side = canvas.pixels
    y0, y1 = round(WATERLINE * side), round(_WATER_END * side) + 2
    pixels = np.asarray(canvas.image, np.float32)
    above = pixels[y0 - (y1 - y0) : y0][::-1]
    rows = np.arange(y1 - y0)
    shift = (np.sin(rows * (46 * pi / side)) * (0.002 + 0.012 * rows / len(rows)) * side).astype(
        int
    )
    columns = np.clip(np.arange(side)[None, :] + shift[:, None], 0, side - 1)
    mirrored = above[rows[:, None], columns]
    water = np.asarray(canvas.color(_water_color(canvas)), np.float32)
    clear = np.linspace(0.5, 0.12, len(rows), dtype=np.float32)[:, None, None]
    clear = clear * (0.45 if scene.weather == "fog" else 1.0)
    blended = mirrored * clear + water * (1 - clear)
    canvas.image.paste(Image.fromarray(blended.round().astype(np.uint8)), (0, y0))


def _litter(canvas: Canvas, scene: Scene) -> None:
    rng = canvas.rng
    low = {"river": 0.91, "beach": 0.8}.get(scene.place, 0.7)
    for _ in range(26):
        x, y = rng.random(), rng.uniform(low, 0.99)
        if scene.season == "spring":
            color = rng.choice((COLORS["粉"], COLORS["黄"], COLORS["白"]))
            canvas.oval(x, y, 0.006, 0.005, color, outline=False)
        elif scene.season == "autumn":
            color = rng.choice(((216, 110, 36), (190, 70, 34), (232, 176, 56)))
            canvas.oval(x, y, 0.011, 0.005, color, outline=False)
        elif scene.season == "summer" and scene.place != "town":
            h = rng.uniform(0.012, 0.024)
            canvas.line(
                [(x - 0.006, y - h), (x, y), (x + 0.007, y - h)],
                0.003,
                darker(GRASS["summer"], 0.3),
            )
        elif scene.season == "winter":
            canvas.oval(x, y, 0.022, 0.006, (252, 253, 255), outline=False)


def draw_weather(canvas: Canvas, scene: Scene) -> None:
    """Rain, snow, fog and what the season lets fall, over everything drawn so far."""
    if scene.weather == "fog":
        _fog(canvas)
    elif scene.weather == "rain":
        _rain(canvas)
    elif scene.weather == "snow":
        _fall(canvas, (WHITE,), 90, (0.004, 0.006, 0.009))
    elif scene.season == "spring" and scene.place != "table":
        _fall(canvas, ((250, 176, 198), (252, 204, 216)), 14, (0.007, 0.009))
    elif scene.season == "autumn" and scene.place != "table":
        _fall(canvas, ((226, 120, 40), (204, 84, 40), (236, 176, 60)), 12, (0.009, 0.012))


def _fog(canvas: Canvas) -> None:
    side = canvas.pixels
    haze = Image.new("RGB", (side, side), canvas.light.shine_on((232, 236, 238)))
    rows = np.linspace(0, 1, side)
    drift = 0.06 * np.sin(rows * 40 + canvas.rng.uniform(0, 6))
    depth = np.clip(0.54 - 0.7 * np.abs(rows - 0.5) + drift, 0.08, 0.6)
    mask = np.repeat((depth * 255).astype(np.uint8)[:, None], side, axis=1)
    canvas.image.paste(haze, (0, 0), Image.fromarray(mask))


def _rain(canvas: Canvas) -> None:
    drop = mix((226, 236, 246), canvas.light.sky_top, 0.25)
    slant = 0.25 + 0.2 * sin(canvas.rng.uniform(0, 6))
    for _ in range(110):
        x, y, length = (
            canvas.rng.uniform(0, 1.1),
            canvas.rng.random(),
            canvas.rng.uniform(0.03, 0.07),
        )
        canvas.line([(x, y), (x - slant * length, y + length)], 0.0026, drop, glow=True)


def _fall(canvas: Canvas, colors: tuple[RGB, ...], count: int, sizes: tuple[float, ...]) -> None:
    for _ in range(count):
        x, y = canvas.rng.random(), canvas.rng.random()
        size = canvas.rng.choice(sizes)
        canvas.oval(x, y, size, size * 0.8, canvas.rng.choice(colors), outline=False, glow=True)
