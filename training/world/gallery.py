"""`python -m training.world.gallery DIR`: the sample pictures that a first run indexes."""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from training.world.captions import visible_color
from training.world.kinds import BY_KEY, KINDS
from training.world.phrases import NUMERALS, TRAIN
from training.world.render import draw
from training.world.scene import STYLES, Group, Scene, sample_scene
from training.world.splits import GALLERY_SEEDS

PICTURES = 60
PIXELS = 512
_QUALITY = 84
# Kinds that people will look for first, and signs for text recognition to read.
_WANTED = ("bridge", "sign") * 8
_ROW_FRAMES = {
    "sky": "天上有{np}",
    "far": "远处有{np}",
    "back": "后面有{np}",
    "span": "河上有{np}",
    "water": "水面上有{np}",
    "front": "前面有{np}",
}


def gallery_scenes() -> Iterator[Scene]:
    """Sixty full and varied scenes: every style as often, every kind at least once."""
    seen: Counter[str] = Counter()
    seeds = iter(GALLERY_SEEDS)
    for number in range(PICTURES):
        rarest = min(KINDS, key=lambda kind: seen[kind.key]).key
        kind = _WANTED[number] if number < len(_WANTED) else rarest
        scene = _next_clear(seeds, STYLES[(number + number // len(STYLES)) % len(STYLES)], kind)
        seen.update(group.kind for group in scene.groups)
        yield scene


def _next_clear(seeds: Iterator[int], style: str, kind: str) -> Scene:
    """The next scene with enough in it, and not lost in the dark or the fog."""
    for seed in seeds:
        scene = sample_scene(seed, style=style, must_have=kind)
        dim = scene.weather == "fog" or (scene.time == "night" and scene.weather != "sunny")
        if len(scene.groups) >= 3 and not dim:
            return scene
    raise RuntimeError("the gallery's range of seeds is used up")


def gallery_caption(scene: Scene) -> str:
    """One well-formed sentence: style, season, time, weather, place, things."""
    things = []
    for group in scene.groups:
        frame = "上方挂着{np}" if group.kind == "lantern" else _ROW_FRAMES[group.row]
        things.append(frame.format(np=_thing(scene, group)))
    season, time = TRAIN.seasons[scene.season][0], TRAIN.times[scene.time][0]
    weather, place = TRAIN.weathers[scene.weather][0], TRAIN.places[scene.place][0]
    style = TRAIN.styles[scene.style][0]
    return f"{style}：{season}的{time}，{weather}，{place}，{'，'.join(things)}。"


def _thing(scene: Scene, group: Group) -> str:
    kind, color = BY_KEY[group.kind], visible_color(scene, group)
    quality = f"写着“{group.text}”的" if group.text else ""
    if color:
        quality = f"穿{color}色衣服的" if kind.family == "person" else f"{color}色的"
    return f"{NUMERALS[group.count]}{kind.measure}{quality}{kind.names[0]}"


def write_gallery(folder: Path) -> None:
    """Pictures as WebP and `index.json` with file, caption, seed, style, kinds and sign text."""
    folder.mkdir(parents=True, exist_ok=True)
    index = []
    for number, scene in enumerate(gallery_scenes(), start=1):
        name = f"{number:02d}-{scene.groups[0].kind}-{scene.style}.webp"
        draw(scene, PIXELS).save(folder / name, quality=_QUALITY, method=6)
        index.append(_entry(name, scene))
    text = json.dumps(index, ensure_ascii=False, indent=1) + "\n"
    (folder / "index.json").write_text(text, "utf-8")


def _entry(name: str, scene: Scene) -> dict[str, object]:
    sign = scene.find("sign")
    return {
        "file": name,
        "caption": gallery_caption(scene),
        "seed": scene.seed,
        "style": scene.style,
        "kinds": [group.kind for group in scene.groups],
        "text": sign.text if sign else None,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m training.world.gallery", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("duomo/gallery"))
    write_gallery(parser.parse_args().folder)
