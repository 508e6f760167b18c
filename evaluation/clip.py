"""`duomo eval clip`: does a sentence find its picture, and a picture its sentence?

On 1,000 scenes of the illustrated world that no training saw, described in words that no training
caption used; or, with a folder of photos and `captions.jsonl`, on those.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Annotated, Protocol, TypeVar

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track

from evaluation.photo_captions import open_photo, read_captions
from evaluation.report import Report, Table
from evaluation.retrieval_figures import both_ways, precision, recalls
from models.catalog import Catalog, load_profiles
from models.errors import NotFound
from models.roles import role_class
from models.roles.clip import ClipModel
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


def main(
    photos: Annotated[
        Path | None, typer.Option(help="a folder of pictures with captions.jsonl", exists=True)
    ] = None,
    profile: Annotated[str, typer.Option(help="whose CLIP to use")] = "starter",
    data: Annotated[Path, typer.Option(help="where pulled checkpoints lie")] = Path(),
    json: Annotated[Path | None, typer.Option(help="write the figures here too")] = None,
) -> None:
    """Find pictures by sentences and sentences by pictures, and print how often that works."""
    report = evaluate_clip(_load(profile, data), photos)
    report.print()
    if json:
        report.write_json(json)


def _load(profile: str, data: Path) -> ClipModel:
    profiles, catalog = load_profiles(), Catalog.bundled()
    if profile not in profiles or "clip" not in profiles[profile].roles:
        raise NotFound(
            f"没有配置 {profile}，或者它没有图文模型。",
            f"There is no profile {profile}, or it has no CLIP.",
        )
    checkpoint = catalog.get(profiles[profile].roles["clip"])
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    found = role_class(checkpoint).load(catalog.locate(checkpoint.name, data), checkpoint, device)
    assert isinstance(found, ClipModel)
    return found


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
    images = _embed_images(clip, photos, lambda photo: open_photo(folder / photo.name))
    texts = [(number, text) for number, photo in enumerate(photos) for text in photo.captions]
    similarity = _embed_texts(clip, [text for _, text in texts]) @ images.T
    figures = both_ways(similarity, [number for number, _ in texts])
    return Report(
        f"CLIP on {folder.name}", figures | {"pictures": len(photos), "texts": len(texts)}
    )


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
