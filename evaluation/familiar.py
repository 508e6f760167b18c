"""`duomo eval familiar FOLDER`: does the model that sees tell its own kind of picture from others?

`own`: the share of held-out pictures of the illustrated world that it knows; `strange`: the share
of the pictures in a folder, photographs for example, that it knows to be none of its kind.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Protocol

import typer
from PIL import Image
from rich.progress import track

from evaluation.report import Report
from evaluation.roles import load_chosen
from models.errors import NotFound
from models.roles.vlm import VisionLanguageModel
from retrieval.media import open_picture
from retrieval.scan import SUFFIXES
from training.world.render import draw
from training.world.scene import sample_scene
from training.world.splits import EVALUATION_SEEDS

PICTURES = 600

_FIRST = 2_000  # of the evaluation's seeds: those before are asked about elsewhere
_PIXELS = 256


class Knower(Protocol):
    """What can tell: whether an RGB picture is of its own kind."""

    def knows(self, image: Image.Image) -> bool: ...


def evaluate_familiar(model: Knower, folder: Path, limit: int = PICTURES) -> Report:
    """The figures over `limit` pictures of the world and as many files of `folder`, by name."""
    seeds = EVALUATION_SEEDS[_FIRST : _FIRST + limit]
    own = _share(model, (draw(sample_scene(seed), _PIXELS) for seed in seeds), len(seeds))
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise NotFound(f"{folder} 里没有图片。", f"There are no pictures in {folder}.")
    others = files[:limit]
    known = _share(model, map(open_picture, others), len(others))
    figures = {"own": own, "strange": 1 - known, "own_pictures": len(seeds), "others": len(others)}
    return Report("pictures of its own kind, and others", figures)


def _share(model: Knower, pictures: Iterable[Image.Image], count: int) -> float:
    return sum(map(model.knows, track(pictures, "looking", total=count, transient=True))) / count


def main(
    folder: Annotated[Path, typer.Argument(help="pictures of other kinds", exists=True)],
    profile: Annotated[str, typer.Option(help="whose model to use")] = "starter",
    data: Annotated[Path, typer.Option(help="where pulled checkpoints lie")] = Path(),
    limit: Annotated[int, typer.Option(min=1, help="how many of either")] = PICTURES,
    weights: Annotated[
        Path | None, typer.Option(help="another folder of the starter's form", exists=True)
    ] = None,
    json: Annotated[Path | None, typer.Option(help="write the figures here too")] = None,
) -> None:
    """Look at held-out pictures and at those in FOLDER; print how many it takes for its own."""
    vlm = load_chosen(VisionLanguageModel, "vlm", profile, data, weights)
    report = evaluate_familiar(vlm, folder, limit)
    report.print()
    if json:
        report.write_json(json)
