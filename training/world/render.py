"""Scene -> picture. The same scene and size give the same bytes on every run."""

from functools import lru_cache
from random import Random

from PIL import Image, ImageDraw

from training.world.backdrop import draw_far, draw_ground, draw_near, draw_water, draw_weather
from training.world.canvas import Brush, Canvas
from training.world.colors import COLORS, WHITE
from training.world.layout import STEADY, Item, lay_out
from training.world.light import light_of
from training.world.scene import Group, Scene, scene_saying
from training.world.signs import lettering, sign_font
from training.world.styles import MANNERS, finish
from training.world.things import DRAWERS

_ROWS = ("sky", "far", "back", "span", "water", "front")
_SNOWY_SEASON = "winter"


def draw(scene: Scene, size: int) -> Image.Image:
    """The scene as a square RGB picture, `size` pixels wide.

    Raises ValueError below 64 pixels, where things no longer read."""
    if size < 64:
        raise ValueError(f"a picture needs at least 64 pixels a side, not {size}")
    done = _unwritten(scene_saying(scene, None), size).copy()
    _write_signs(done, scene)
    return done.resize((size, size), Image.Resampling.BOX)


@lru_cache(maxsize=1)
def _unwritten(scene: Scene, size: int) -> Image.Image:
    """All but the words, larger than asked for; kept, since the same signs may say something else
    in the next picture."""
    oversampling = 3 if size < 160 else 2
    canvas = Canvas(
        size * oversampling, light_of(scene), MANNERS[scene.style], _rng(scene, "canvas")
    )
    _draw_scene(canvas, scene)
    return finish(canvas.image, scene.style, _rng(scene, "finish"))


def _rng(scene: Scene, part: str) -> Random:
    return Random(f"{part}-{scene.seed}")


def _draw_scene(canvas: Canvas, scene: Scene) -> None:
    draw_far(canvas, scene)
    _draw_rows(canvas, scene, ("far", "sky") if scene.place != "table" else ())
    _steady_hand(canvas, scene, "ground")
    draw_ground(canvas, scene)
    _draw_rows(canvas, scene, ("back", "span"))
    _steady_hand(canvas, scene, "water")
    draw_water(canvas, scene)
    _draw_rows(canvas, scene, ("water",))
    _steady_hand(canvas, scene, "near")
    draw_near(canvas, scene)
    _draw_rows(canvas, scene, ("front",) if scene.place != "table" else ("sky", "front"))
    _steady_hand(canvas, scene, "weather")
    if scene.place != "table":
        draw_weather(canvas, scene)


def _steady_hand(canvas: Canvas, scene: Scene, part: str) -> None:
    """In a steady scene a part looks the same whatever was drawn before it."""
    if scene.seed == STEADY:
        canvas.rng = _rng(scene, part)


def _draw_rows(canvas: Canvas, scene: Scene, rows: tuple[str, ...]) -> None:
    for row in rows:
        for group in scene.groups:
            if group.row == row:
                _draw_group(canvas, scene, group)


def _draw_group(canvas: Canvas, scene: Scene, group: Group) -> None:
    color = COLORS[group.color] if group.color else WHITE
    for number, item in enumerate(lay_out(scene.seed, scene.place, group)):
        rng = Random(f"thing-{scene.seed}-{group.kind}-{number}")
        _steady_hand(canvas, scene, f"{group.kind}-{number}")
        if group.row in ("back", "front"):
            _shade_ground(canvas, item)
        snowy = scene.season == _SNOWY_SEASON
        brush = Brush(canvas, item.x, item.y, item.height, flip=item.flip, season=scene.season,
                      snowy=snowy, rng=rng)  # fmt: skip
        with canvas.layer():
            DRAWERS[group.kind](brush, color)


def _shade_ground(canvas: Canvas, item: Item) -> None:
    """A contact shadow, so that nothing floats."""
    if canvas.manner.cut_paper:
        return
    side = canvas.pixels
    rx, ry = item.width * 0.46, item.width * 0.07
    box = [round(v * side) for v in (item.x - rx, item.y - ry, item.x + rx, item.y + ry)]
    mask = Image.new("L", (max(1, box[2] - box[0]), max(1, box[3] - box[1])), 0)
    ImageDraw.Draw(mask).ellipse((0, 0, mask.width - 1, mask.height - 1), fill=70)
    canvas.image.paste((24, 26, 40), (box[0], box[1]), mask)


def _write_signs(image: Image.Image, scene: Scene) -> None:
    """Words go on after the style's finish, so that they can be read."""
    group = scene.find("sign")
    if group is None or group.text is None:
        return
    for item in lay_out(scene.seed, scene.place, group):
        _write(image, item, group.text)


def _write(image: Image.Image, item: Item, text: str) -> None:
    said = lettering(item, text, image.width)
    font = sign_font(said.pixels)
    ImageDraw.Draw(image).text((said.x, said.y), text, font=font, fill=(52, 20, 16), anchor="mm")
