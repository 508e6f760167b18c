"""`duomo eval edit`: was changed what was asked, and only that?

Instructions in held-out words ask for one change of a held-out scene. A judge that was trained on
other seeds reads the picture before and after. `changed` is the share of edits whose asked
attribute is there afterwards (and the thing that should go is gone); `kept` the share of the other
facts, of those that the judge saw before, that it still sees.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
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
from evaluation.facts import Tally, judged
from evaluation.judge import Facts, Reader
from evaluation.report import Report, Table
from evaluation.roles import load_chosen
from models.roles.edit import ImageEditor
from training.world.captions import scene_facts
from training.world.edits import Change, instruct, sample_change
from training.world.phrases import HELD_OUT
from training.world.render import draw
from training.world.scene import Scene, sample_scene
from training.world.splits import EVALUATION_SEEDS

EDITS = 500

_FIRST = 500  # the scenes before are those of the drawing evaluation
_PIXELS = 256
_THINGS = ("add", "remove", "replace")


@dataclass(frozen=True)
class Asked:
    """A scene, one change of it, and words that ask for the change."""

    before: Scene
    change: Change
    instruction: str

    @property
    def wanted(self) -> Facts:
        """What has to be there afterwards: of a new thing, that it is there."""
        sort, new = self.change.sort, self.change.new
        if sort == "remove":
            return frozenset()
        if new is None:
            return frozenset({f"{sort}={getattr(self.change.after, sort)}"})
        if sort in _THINGS:
            return frozenset({f"kind={new.kind}"})
        return frozenset({f"{new.kind}.{sort}={getattr(new, sort)}"})

    @property
    def unwanted(self) -> Facts:
        """What has to be gone afterwards."""
        old = self.change.old
        return frozenset({f"kind={old.kind}"} if old and self.change.sort in _THINGS else ())

    @property
    def details(self) -> Facts:
        """The count and colour named with a new thing."""
        new = self.change.new
        if new is None or self.change.sort not in _THINGS:
            return frozenset()
        about = f"{new.kind}."
        facts = judged(scene_facts(self.change.after))
        return frozenset(fact for fact in facts if fact.startswith(about))

    @property
    def others(self) -> Facts:
        """What should be there before and after."""
        return judged(scene_facts(self.before) & scene_facts(self.change.after))


@dataclass
class _Score:
    edits: int = 0
    changed: int = 0
    kept: Tally = field(default_factory=Tally)
    details: Tally = field(default_factory=Tally)
    intruders: int = 0

    def add(self, asked: Asked, before: Facts, after: Facts) -> None:
        self.edits += 1
        self.changed += asked.wanted <= after and not asked.unwanted & after
        self.kept.add(asked.others & before, after)
        self.details.add(asked.details, after)
        self.intruders += len(_things(after) - _things(before) - _things(asked.wanted))


def _things(facts: Facts) -> Facts:
    return frozenset(fact for fact in facts if fact.startswith("kind="))


def asked_for(limit: int = EDITS) -> list[Asked]:
    """The first `limit` edits of the evaluation, always the same."""
    return [_asked(seed) for seed in EVALUATION_SEEDS[_FIRST : _FIRST + limit]]


def _asked(seed: int) -> Asked:
    scene, rng = sample_scene(seed), Random(f"edit-{seed}")
    change = sample_change(scene, rng)
    return Asked(scene, change, instruct(change, rng, HELD_OUT))


def measure(asked: Sequence[Asked], edited: Iterable[Drawing], judge: Reader) -> Report:
    """The report on one edited picture an edit; `edited` may make them while it is read."""
    whole, by_sort, seconds = _Score(), defaultdict[str, _Score](_Score), list[float]()
    before = judge.read(source(one) for one in asked)
    after = judge.read(_pictures(edited, seconds))
    for one, seen_before, seen_after in zip(asked, before, after, strict=True):
        for score in (whole, by_sort[one.change.sort]):
            score.add(one, seen_before, seen_after)
    figures = {
        "changed": whole.changed / max(1, whole.edits),
        "kept": whole.kept.share(),
        "details": whole.details.share(),
        "intruders": whole.intruders / max(1, whole.edits),
        "seconds": float(np.median(seconds)),
        "edits": whole.edits,
    }
    return Report("held-out edits", figures, (_table(by_sort),))


def _table(by_sort: dict[str, _Score]) -> Table:
    rows = [
        (sort, score.edits, score.changed / score.edits, score.kept.share(), score.details.share())
        for sort, score in sorted(by_sort.items())
    ]
    return Table("By sort of change", ("sort", "edits", "changed", "kept", "details"), rows)


def _pictures(edited: Iterable[Drawing], seconds: list[float]) -> Iterator[Image.Image]:
    for drawing in edited:
        seconds.append(drawing.seconds)
        yield drawing.picture


def source(asked: Asked) -> Image.Image:
    """The picture to edit."""
    return draw(asked.before, _PIXELS)


def edited_by(editor: ImageEditor, asked: Sequence[Asked], drawings: Drawings) -> Iterator[Drawing]:
    """Every edit by the model, one at a time as the product makes them."""
    for number, one in enumerate(_followed(asked)):
        yield drawings.get(number, _edit(editor, one))


def _edit(editor: ImageEditor, asked: Asked) -> Callable[[], Image.Image]:
    picture = source(asked)
    return lambda: editor.edit(picture, asked.instruction, seed=asked.before.seed)


def _followed(asked: Sequence[Asked]) -> Iterable[Asked]:
    return track(asked, "editing", console=Console(stderr=True), transient=True)


def edited_by_the_world(asked: Sequence[Asked]) -> Iterator[Drawing]:
    """Real pictures of the scenes after the change: the best that an editor could do."""
    return (Drawing(draw(one.change.after, _PIXELS), 0.0) for one in asked)


def unchanged(asked: Sequence[Asked]) -> Iterator[Drawing]:
    """The pictures as they were: what doing nothing scores."""
    return (Drawing(source(one), 0.0) for one in asked)


def evaluate_edit(editor: ImageEditor, work: Path, limit: int, judge: Reader) -> Report:
    """The report of `duomo eval edit`; pictures are kept in `work`, by the weights' revision."""
    asked = asked_for(limit)
    drawings = Drawings(work / f"{editor.name}-{editor.revision}")
    return measure(asked, edited_by(editor, asked, drawings), judge)


def main(
    profile: Annotated[str, typer.Option(help="whose editing model to use")] = "starter",
    weights: Annotated[
        Path | None, typer.Option(help="a folder of weights to load instead", exists=True)
    ] = None,
    data: Annotated[Path, typer.Option(help="where pulled checkpoints lie")] = Path(),
    work: Annotated[Path, typer.Option(help="where pictures are kept")] = Path("runs/eval/edit"),
    limit: Annotated[int, typer.Option(help="how many edits")] = EDITS,
    world: Annotated[bool, typer.Option(help="judge real pictures after the change")] = False,
    described: Described = False,
    json: Annotated[Path | None, typer.Option(help="write the figures here too")] = None,
) -> None:
    """Make held-out edits and print what changed and what stayed."""
    judge = reader(described=described, data=data)
    if world:
        asked = asked_for(limit)
        report = measure(asked, edited_by_the_world(asked), judge)
    else:
        editor = load_chosen(ImageEditor, "edit", profile, data, weights)
        report = evaluate_edit(editor, work, limit, judge)
    report.print()
    if json:
        report.write_json(json)
