"""`duomo eval t2i`: does a picture show what its prompt asked for?

Prompts describe held-out scenes in held-out words, and it is known which facts each one states. A
judge that was trained on other seeds reads the pictures (`duomo eval judge` says how well). A thing
that is missing counts as a wrong colour and a wrong count as well; `colours_of_present` and
`counts_of_present` leave it out.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Annotated

import numpy as np
import typer
from PIL import Image
from rich.console import Console
from rich.progress import track

from evaluation.describer import Described, reader
from evaluation.drawings import Drawing, Drawings
from evaluation.facts import Tally, judged, of_present
from evaluation.judge import Reader
from evaluation.report import Report, Table
from evaluation.roles import load_chosen
from models.roles.t2i import ImageGenerator
from training.world.captions import Caption, full_caption
from training.world.phrases import HELD_OUT
from training.world.render import draw
from training.world.scene import STYLES, Scene, sample_scene
from training.world.splits import EVALUATION_SEEDS

PROMPTS = 500

_DETAIL = 0.9
_FIGURES = {"things": "kind", "colours": "color", "counts": "count"}
_SETTINGS = ("style", "place", "time", "season", "weather")


@dataclass(frozen=True)
class Asked:
    """A prompt, the facts it states, and the scene it was written for."""

    scene: Scene
    prompt: Caption


def asked_for(limit: int = PROMPTS) -> list[Asked]:
    """The first `limit` prompts of the evaluation, always the same."""
    scenes = [sample_scene(seed) for seed in EVALUATION_SEEDS[:limit]]
    return [
        Asked(s, full_caption(s, Random(f"t2i-{s.seed}"), HELD_OUT, detail=_DETAIL)) for s in scenes
    ]


def measure(asked: Sequence[Asked], drawings: Iterable[Drawing], judge: Reader) -> Report:
    """The report on one drawing a prompt; `drawings` may make them while it is read."""
    seconds: list[float] = []
    whole, present = Tally(), Tally()
    by_style = {style: Tally() for style in STYLES}
    for one, seen in zip(asked, judge.read(_pictures(drawings, seconds)), strict=True):
        wanted = judged(one.prompt.facts)
        whole.add(wanted, seen)
        present.add(of_present(wanted, seen), seen)
        by_style[one.scene.style].add(wanted, seen)
    figures = _figures(whole) | {
        "colours_of_present": present.share("color"),
        "counts_of_present": present.share("count"),
        "seconds": float(np.median(seconds)),
        "seconds_p95": float(np.percentile(seconds, 95)),
        "pictures": len(seconds),
    }
    return Report("drawings of held-out prompts", figures, (_table(by_style),))


def _pictures(drawings: Iterable[Drawing], seconds: list[float]) -> Iterator[Image.Image]:
    for drawing in drawings:
        seconds.append(drawing.seconds)
        yield drawing.picture


def _figures(tally: Tally) -> dict[str, float]:
    things = {name: tally.share(aspect) for name, aspect in _FIGURES.items()}
    return things | {name: tally.share(name) for name in _SETTINGS}


def _table(by_style: dict[str, Tally]) -> Table:
    rows: list[tuple[str | int | float, ...]] = [
        (style, tally.wanted["kind"], *_figures(tally).values())
        for style, tally in by_style.items()
        if tally.wanted
    ]
    columns = ("asked in", "things", "things right", *list(_FIGURES)[1:], *_SETTINGS)
    return Table("By style", columns, rows)


def generated(
    generator: ImageGenerator, asked: Sequence[Asked], drawings: Drawings
) -> Iterator[Drawing]:
    """One drawing a prompt, seeded by the scene, one at a time as the product makes them."""
    for number, one in enumerate(_followed(asked)):
        yield drawings.get(number, _generate(generator, one))


def _generate(generator: ImageGenerator, asked: Asked) -> Callable[[], Image.Image]:
    (width, height), seed = generator.native_size, asked.scene.seed
    return lambda: generator.generate(asked.prompt.text, width=width, height=height, seed=seed)


def _followed(asked: Sequence[Asked]) -> Iterable[Asked]:
    return track(asked, "drawing", console=Console(stderr=True), transient=True)


def drawn_by_the_world(asked: Sequence[Asked], side: int = 256) -> Iterator[Drawing]:
    """Real pictures of the asked scenes: the best that a generator could do."""
    return (Drawing(draw(one.scene, side), 0.0) for one in asked)


def evaluate_t2i(generator: ImageGenerator, work: Path, limit: int, judge: Reader) -> Report:
    """The report of `duomo eval t2i`; pictures are kept in `work`, by the weights' revision."""
    asked = asked_for(limit)
    drawings = Drawings(work / f"{generator.name}-{generator.revision}")
    return measure(asked, generated(generator, asked, drawings), judge)


def main(
    profile: Annotated[str, typer.Option(help="whose text-to-image model to use")] = "starter",
    weights: Annotated[
        Path | None, typer.Option(help="a folder of weights to load instead", exists=True)
    ] = None,
    data: Annotated[Path, typer.Option(help="where pulled checkpoints lie")] = Path(),
    work: Annotated[Path, typer.Option(help="where pictures are kept")] = Path("runs/eval/t2i"),
    limit: Annotated[int, typer.Option(help="how many prompts")] = PROMPTS,
    world: Annotated[bool, typer.Option(help="judge real pictures of the scenes instead")] = False,
    described: Described = False,
    json: Annotated[Path | None, typer.Option(help="write the figures here too")] = None,
) -> None:
    """Draw held-out prompts and print how much of what they asked for is there."""
    judge = reader(described=described, data=data)
    if world:
        asked = asked_for(limit)
        report = measure(asked, drawn_by_the_world(asked), judge)
    else:
        generator = load_chosen(ImageGenerator, "t2i", profile, data, weights)
        report = evaluate_t2i(generator, work, limit, judge)
    report.print()
    if json:
        report.write_json(json)
