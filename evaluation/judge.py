"""`duomo eval judge`: how well does the judge of drawings itself see?

The judge (`training/judge`) reads facts off pictures of the illustrated world and never saw the
seeds that drawing was trained on. Its own accuracy, on real pictures of the world, bounds every
figure that it gives.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Protocol, Self

import numpy as np
import torch
import typer
from PIL import Image, ImageFilter
from torch.nn.functional import max_pool2d

from evaluation.facts import JUDGED, Tally, judged, of_present
from evaluation.report import Report
from training.judge.model import (
    COLOR_NAMES,
    IMAGE_SIZE,
    SETTINGS,
    JudgeNet,
    Maps,
    load_judge_net,
    normalise,
)
from training.world.captions import scene_facts
from training.world.kinds import KINDS
from training.world.render import draw
from training.world.scene import sample_scene
from training.world.splits import HELD_OUT_SEEDS

JUDGE_WEIGHTS = Path(__file__).with_name("judge_weights")

_PEAK = 0.35  # least height of a peak that is a thing: misses about as much as it makes up
_BATCH = 16
_PIXELS = 256  # what drawing and editing give

Facts = frozenset[str]


class Reader(Protocol):
    """What judges: the facts of each picture, in order."""

    def read(self, pictures: Iterable[Image.Image]) -> Iterator[Facts]: ...


class Judge:
    """Reads facts off pictures: kinds of things, their counts and colours, and the setting."""

    def __init__(self, net: JudgeNet, peak: float = _PEAK) -> None:
        self._net = net
        self._peak = peak

    @classmethod
    def load(cls, folder: Path = JUDGE_WEIGHTS) -> Self:
        """The judge whose weights lie in `folder`."""
        return cls(load_judge_net(folder))

    def read(self, pictures: Iterable[Image.Image]) -> Iterator[Facts]:
        """The facts of each RGB picture, of any size: `kind=cat`, `cat.count=3`, `cat.color=红`,
        `style=ink` … A kind's colour is that of its things together; a sketch shows none."""
        source = iter(pictures)
        while batch := list(islice(source, _BATCH)):
            yield from self._read_batch(batch)

    @torch.inference_mode()
    def _read_batch(self, pictures: Sequence[Image.Image]) -> list[Facts]:
        small = [
            np.asarray(p.convert("RGB").resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.BOX))
            for p in pictures
        ]
        maps = self._net(normalise(torch.from_numpy(np.stack(small))))
        return [self._facts(maps, number) for number in range(len(pictures))]

    def _facts(self, maps: Maps, number: int) -> Facts:
        setting = {
            name: SETTINGS[name][int(logits[number].argmax())]
            for name, logits in maps.settings.items()
        }
        facts = [f"{name}={value}" for name, value in setting.items()]
        peaks = _peaks(maps.heat[number].sigmoid(), self._peak)
        for kind, mask in zip(KINDS, peaks, strict=True):
            if count := int(mask.sum()):
                facts += [f"kind={kind.key}", f"{kind.key}.count={count}"]
                if kind.colors and setting["style"] != "sketch":
                    logits = maps.color[number][:, mask]
                    facts.append(f"{kind.key}.color={_color(logits, kind.colors)}")
        return frozenset(facts)


def _peaks(heat: torch.Tensor, least: float) -> torch.Tensor:
    """bool [kinds, G, G]: cells that are the highest of their 3 × 3 and at least `least`."""
    highest = max_pool2d(heat, 3, stride=1, padding=1)
    return (heat == highest) & (heat >= least)


def _color(logits: torch.Tensor, allowed: Sequence[str]) -> str:
    """The likeliest allowed colour over all peaks; logits [colours, peaks]."""
    scores = logits.log_softmax(0).sum(1)
    return max(allowed, key=lambda color: float(scores[COLOR_NAMES.index(color)]))


def evaluate_judge(
    judge: Reader,
    seeds: Sequence[int] = HELD_OUT_SEEDS,
    spoil: Callable[[Image.Image], Image.Image] = lambda picture: picture,
) -> Report:
    """Facts of real pictures of the world against what the judge reads, `spoil`ed before.

    `kind` and `precision`: the share of things there that are seen, and of things seen that are
    there; `color` and `count`: the share right of the things seen."""
    scenes = [sample_scene(seed) for seed in seeds]
    tally, things = Tally(), Tally()
    reading = judge.read(spoil(draw(scene, _PIXELS)) for scene in scenes)
    for scene, seen in zip(scenes, reading, strict=True):
        truth = judged(scene_facts(scene))
        tally.add((fact for fact in truth if "." not in fact), seen)
        tally.add(of_present(truth, seen), seen)
        things.add((fact for fact in seen if fact.startswith("kind=")), truth)
    figures = {name: tally.share(name) for name in JUDGED}
    return Report("judge", figures | {"precision": things.share(), "pictures": len(scenes)})


def blurred(picture: Image.Image) -> Image.Image:
    """What a small autoencoder leaves of a picture, roughly: no detail below two pixels."""
    half = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.BOX)
    return half.resize(picture.size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(1))


def main(
    weights: Annotated[Path, typer.Option(help="the judge's folder")] = JUDGE_WEIGHTS,
    limit: Annotated[int, typer.Option(help="how many pictures")] = len(HELD_OUT_SEEDS),
    blur: Annotated[bool, typer.Option(help="as a small autoencoder blurs")] = False,
    json: Annotated[Path | None, typer.Option(help="write the figures here too")] = None,
) -> None:
    """Read held-out pictures of the world and print how much of that is right."""
    judge = Judge.load(weights)
    seeds = HELD_OUT_SEEDS[:limit]
    report = evaluate_judge(judge, seeds, blurred) if blur else evaluate_judge(judge, seeds)
    report.print()
    if json:
        report.write_json(json)
