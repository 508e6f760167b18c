"""`duomo eval clip`: does a sentence find its picture, and a picture its sentence?

On 1,000 scenes of the illustrated world that no training saw, described in words that no training
caption used; or, with a folder of photos and `captions.jsonl`, on those.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track

from evaluation.report import Report, Table
from evaluation.retrieval_figures import both_ways, precision, recalls
from models.errors import InvalidRequest, NotFound
from training.world.captions import Caption, full_caption, scene_facts, short_caption
from training.world.phrases import HELD_OUT
from training.world.render import draw
from training.world.scene import STYLES, Scene, sample_scene
from training.world.splits import HELD_OUT_SEEDS

Embeddings = NDArray[np.float32]
_Item = TypeVar("_Item")

_PIXELS = 224
_DETAIL = 0.9
_BATCH = 64
_SHORT_K = 4


class Embedder(Protocol):
    """What is evaluated: both give float32 unit rows [n, d]."""

    def embed_images(self, images: list[Image.Image]) -> Embeddings: ...

    def embed_texts(self, texts: list[str]) -> Embeddings: ...


def evaluate_clip(clip: Embedder, photos: Path | None = None) -> Report:
    """The report of `duomo eval clip`, on a folder of photos where one is named."""
    return evaluate_photos(clip, photos) if photos else evaluate_world(clip)


def evaluate_world(clip: Embedder, seeds: Sequence[int] = HELD_OUT_SEEDS) -> Report:
    """Recall on held-out scenes, and the precision of short queries among the best four.

    `p4_short` counts only queries that at least four scenes answer."""
    scenes = [sample_scene(seed) for seed in seeds]
    images = _embed_images(clip, scenes, lambda scene: draw(scene, _PIXELS))
    full = [full_caption(s, Random(f"full-{s.seed}"), HELD_OUT, detail=_DETAIL) for s in scenes]
    short = [short_caption(s, Random(f"short-{s.seed}"), HELD_OUT) for s in scenes]
    similarity = _embed_texts(clip, [caption.text for caption in full]) @ images.T
    figures = both_ways(similarity, range(len(scenes)))
    short_similarity = _embed_texts(clip, [caption.text for caption in short]) @ images.T
    figures["p4_short"] = _short_precision(short_similarity, short, scenes)
    figures["pictures"] = len(scenes)
    return Report("CLIP on held-out scenes", figures, (_by_style(similarity, scenes),))


def evaluate_photos(clip: Embedder, folder: Path) -> Report:
    """Recall on `folder`/`captions.jsonl`: a line each of `image` (a name) and `captions_zh`.

    Raises NotFound without that file or a picture it names, InvalidRequest for a broken line."""
    photos = read_captions(folder)
    images = _embed_images(clip, photos, lambda photo: _open(folder / photo.name))
    texts = [(number, text) for number, photo in enumerate(photos) for text in photo.captions]
    similarity = _embed_texts(clip, [text for _, text in texts]) @ images.T
    figures = both_ways(similarity, [number for number, _ in texts])
    return Report(
        f"CLIP on {folder.name}", figures | {"pictures": len(photos), "texts": len(texts)}
    )


@dataclass(frozen=True)
class Photo:
    """A picture's file name and the sentences that describe it."""

    name: str
    captions: tuple[str, ...]


def read_captions(folder: Path) -> list[Photo]:
    """The photos that `captions.jsonl` names. Names may not leave the folder."""
    path = folder / "captions.jsonl"
    if not path.is_file():
        raise NotFound(
            f"{folder} 里没有 captions.jsonl。请指定带有该文件的图片文件夹。",
            f"{folder} has no captions.jsonl. Name a folder of pictures that has one.",
        )
    lines = path.read_text("utf-8").splitlines()
    return [_photo(line, number) for number, line in enumerate(lines, start=1) if line.strip()]


def _photo(line: str, number: int) -> Photo:
    try:
        row: dict[str, Any] = json.loads(line)
        name, captions = str(row["image"]), tuple(map(str, row["captions_zh"]))
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise _broken_line(number) from error
    if Path(name).name != name or not captions:
        raise _broken_line(number)
    return Photo(name, captions)


def _broken_line(number: int) -> InvalidRequest:
    return InvalidRequest(
        f"captions.jsonl 第 {number} 行应为 image（文件名）和 captions_zh（句子列表）。",
        f"captions.jsonl line {number} must have image (a file name) and captions_zh (sentences).",
    )


def _open(path: Path) -> Image.Image:
    if not path.is_file():
        raise NotFound(f"找不到图片 {path}。", f"There is no picture {path}.")
    with Image.open(path) as image:
        return image.convert("RGB")


def _embed_images(
    clip: Embedder, items: Sequence[_Item], load: Callable[[_Item], Image.Image]
) -> Embeddings:
    starts = track(range(0, len(items), _BATCH), "pictures", transient=True)
    batches = [clip.embed_images([load(item) for item in items[i : i + _BATCH]]) for i in starts]
    return np.concatenate(batches)


def _embed_texts(clip: Embedder, texts: list[str]) -> Embeddings:
    starts = range(0, len(texts), _BATCH)
    return np.concatenate([clip.embed_texts(texts[i : i + _BATCH]) for i in starts])


def _short_precision(similarity: Embeddings, short: list[Caption], scenes: list[Scene]) -> float:
    facts = [scene_facts(scene) for scene in scenes]
    relevant = np.asarray([[caption.facts <= have for have in facts] for caption in short])
    enough = relevant.sum(axis=1) >= _SHORT_K
    return precision(similarity[enough], relevant[enough], _SHORT_K)


def _by_style(similarity: Embeddings, scenes: list[Scene]) -> Table:
    own = np.eye(len(scenes), dtype=bool)
    rows: list[tuple[str, int, float, float]] = []
    for style in STYLES:
        chosen = np.asarray([scene.style == style for scene in scenes])
        if chosen.any():
            found = recalls(similarity[chosen], own[chosen])
            rows.append((style, int(chosen.sum()), found[1], found[5]))
    return Table("Text to image, by style", ("style", "pictures", "r1", "r5"), rows)
