"""Drawing surface: shapes in unit coordinates, painted in the light and the manner of a style."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import cos, pi, sin
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from training.world.colors import INK, RGB, WHITE, lighter, mix
from training.world.light import Light

Point = tuple[float, float]


@dataclass(frozen=True)
class Manner:
    """How a style puts shapes down. Widths and wobble are shares of the picture's side."""

    outline: float = 0.0
    outline_color: RGB = INK
    wobble: float = 0.0
    color_jitter: float = 0.0
    cut_paper: bool = False


class Canvas:
    """A square RGB picture, `pixels` wide, drawn on in shares of its side (x right, y down)."""

    def __init__(self, pixels: int, light: Light, manner: Manner, rng: Random) -> None:
        self.pixels = pixels
        self.light = light
        self.manner = manner
        self.rng = rng
        self.image = Image.new("RGB", (pixels, pixels))
        self._draw = ImageDraw.Draw(self.image)

    def color(self, color: RGB, *, glow: bool = False) -> RGB:
        """`color` in this scene's light; what glows keeps its own."""
        lit = color if glow else self.light.shine_on(color)
        jitter = self.manner.color_jitter
        if not jitter:
            return lit
        change = self.rng.uniform(-jitter, jitter)
        return mix(lit, (255, 255, 255) if change > 0 else (0, 0, 0), abs(change))

    def poly(
        self, points: Sequence[Point], fill: RGB, *, outline: bool = True, glow: bool = False
    ) -> None:
        """A closed polygon."""
        xy = self._pixels(points)
        self._draw.polygon(xy, fill=self.color(fill, glow=glow))
        if outline and self.manner.outline:
            self.stroke(xy + xy[:2], self.manner.outline, self._edge(fill))

    def line(self, points: Sequence[Point], width: float, fill: RGB, *, glow: bool = False) -> None:
        """An open line of round joints; `width` is a share of the side."""
        self.stroke(self._pixels(points), width, self.color(fill, glow=glow))

    def stroke(self, xy: list[Point], width: float, color: RGB) -> None:
        """A line in pixels and a final colour."""
        self._draw.line(xy, fill=color, width=max(1, round(width * self.pixels)), joint="curve")

    def oval(self, x: float, y: float, rx: float, ry: float, fill: RGB, *, outline: bool = True,
             glow: bool = False) -> None:  # fmt: skip
        """An ellipse about (x, y)."""
        if self.manner.wobble:
            steps = [2 * pi * i / 14 for i in range(14)]
            ring = [(x + rx * cos(a), y + ry * sin(a)) for a in steps]
            self.poly(smooth(ring), fill, outline=outline, glow=glow)
            return
        side = self.pixels
        box = ((x - rx) * side, (y - ry) * side, (x + rx) * side, (y + ry) * side)
        width = round(self.manner.outline * side) if outline else 0
        edge = self._edge(fill) if width else None
        self._draw.ellipse(box, fill=self.color(fill, glow=glow), outline=edge, width=width)

    @contextmanager
    def layer(self) -> Iterator[None]:
        """Everything drawn inside is one sheet of paper: with a pale rim and a shadow."""
        if not self.manner.cut_paper:
            yield
            return
        below = self.image
        self.image = Image.new("RGBA", below.size, (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.image)
        yield
        self.image = _stack(below, self.image)
        self._draw = ImageDraw.Draw(self.image)

    def replace(self, image: Image.Image) -> None:
        """Go on drawing on another picture of the same size."""
        self.image = image
        self._draw = ImageDraw.Draw(image)

    def _edge(self, fill: RGB) -> RGB:
        edge = mix(self.manner.outline_color, fill, 0.15)
        dark = sum(fill) < 200 or self.light.is_night
        return lighter(edge, 0.12) if dark else edge

    def _pixels(self, points: Sequence[Point]) -> list[Point]:
        side, wobble = self.pixels, self.manner.wobble
        if not wobble:
            return [(x * side, y * side) for x, y in points]
        gauss = self.rng.gauss
        return [((x + gauss(0, wobble)) * side, (y + gauss(0, wobble)) * side) for x, y in points]


def smooth(points: Sequence[Point], *, closed: bool = True) -> list[Point]:
    """Chaikin's corner cutting, twice: a soft curve near the given corners."""
    line = list(points)
    for _ in range(2):
        ends = zip(line, line[1:] + line[:1] if closed else line[1:], strict=False)
        cut = []
        for (x0, y0), (x1, y1) in ends:
            cut.append((0.75 * x0 + 0.25 * x1, 0.75 * y0 + 0.25 * y1))
            cut.append((0.25 * x0 + 0.75 * x1, 0.25 * y0 + 0.75 * y1))
        line = cut if closed else [line[0], *cut, line[-1]]
    return line


def _stack(below: Image.Image, sheet: Image.Image) -> Image.Image:
    box = sheet.getbbox()
    if box is None:
        return below
    side = below.width
    rim = max(1, round(side * 0.004))
    reach = round(side * 0.03)
    box = (max(0, box[0] - reach), max(0, box[1] - reach),
           min(side, box[2] + reach), min(side, box[3] + reach))  # fmt: skip
    part = sheet.crop(box)
    alpha = part.getchannel("A")
    rim_mask = alpha.filter(ImageFilter.MaxFilter(2 * rim + 1))
    blurred = rim_mask.filter(ImageFilter.BoxBlur(side * 0.007))
    shift = round(side * 0.01)
    shadow = Image.new("L", blurred.size, 0)
    shadow.paste(blurred.point(lambda a: a * 0.5), (shift, shift))
    below.paste((30, 20, 30), box, shadow)
    below.paste(WHITE, box, rim_mask)
    below.paste(part.convert("RGB"), box, alpha)
    return below


class Brush:
    """Draws one thing: x from -aspect/2 to aspect/2, y up from its foot 0 to its top 1."""

    def __init__(self, canvas: Canvas, x: float, y: float, height: float, *, flip: bool,
                 season: str, snowy: bool, rng: Random) -> None:  # fmt: skip
        self.canvas = canvas
        self.height = height
        self.season = season
        self.snowy = snowy
        self.rng = rng
        self._x, self._y = x, y
        self._dx = -height if flip else height

    @property
    def is_night(self) -> bool:
        return self.canvas.light.is_night

    def at(self, x: float, y: float) -> Point:
        """Where a point of the thing lies on the canvas."""
        return (self._x + x * self._dx, self._y - y * self.height)

    def poly(
        self, points: Sequence[Point], fill: RGB, *, outline: bool = True, glow: bool = False
    ) -> None:
        self.canvas.poly([self.at(*p) for p in points], fill, outline=outline, glow=glow)

    def blob(
        self, points: Sequence[Point], fill: RGB, *, outline: bool = True, glow: bool = False
    ) -> None:
        """A closed soft shape through the neighbourhood of the points."""
        self.poly(smooth(points), fill, outline=outline, glow=glow)

    def rect(self, x0: float, y0: float, x1: float, y1: float, fill: RGB, *, outline: bool = True,
             glow: bool = False) -> None:  # fmt: skip
        self.poly([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], fill, outline=outline, glow=glow)

    def oval(self, x: float, y: float, rx: float, ry: float, fill: RGB, *, outline: bool = True,
             glow: bool = False) -> None:  # fmt: skip
        cx, cy = self.at(x, y)
        size = self.height
        self.canvas.oval(cx, cy, rx * size, ry * size, fill, outline=outline, glow=glow)

    def line(self, points: Sequence[Point], width: float, fill: RGB, *, glow: bool = False) -> None:
        placed = [self.at(*p) for p in points]
        self.canvas.line(placed, width * self.height, fill, glow=glow)

    def curve(self, points: Sequence[Point], width: float, fill: RGB) -> None:
        """An open soft line."""
        self.line(smooth(points, closed=False), width, fill)
