"""How well pictures are seen: held-out scenes, asked about in words that no training question used.

Every answer has one right wording (`training/world/questions.py`), so an answer counts when it is
that, to the letter. Descriptions count by the facts that can be read back from them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Annotated, Protocol

import typer
from PIL import Image
from rich.progress import track

from evaluation.report import Report, Table
from evaluation.roles import load_chosen
from models.roles.vlm import VisionLanguageModel
from training.world.captions import scene_facts
from training.world.descriptions import describe_briefly, read_facts
from training.world.phrases import HELD_OUT
from training.world.questions import Exchange, ask
from training.world.render import draw
from training.world.scene import Scene, sample_scene
from training.world.splits import HELD_OUT_SEEDS

QUESTIONS = 2_000
DESCRIPTIONS = 200
_PIXELS = 256
_DESCRIBED = ("describe", "brief")


class Answerer(Protocol):
    """What is evaluated."""

    def answer(self, image: Image.Image, question: str) -> str: ...


@dataclass(frozen=True)
class Asked:
    """A scene and what is asked about it."""

    scene: Scene
    exchange: Exchange


def main(
    profile: Annotated[str, typer.Option(help="whose model to use")] = "starter",
    data: Annotated[Path, typer.Option(help="where pulled checkpoints lie")] = Path(),
    questions: Annotated[int, typer.Option(min=1, help="how many to ask")] = QUESTIONS,
    weights: Annotated[
        Path | None, typer.Option(help="another folder of the starter's form", exists=True)
    ] = None,
    json: Annotated[Path | None, typer.Option(help="write the figures here too")] = None,
) -> None:
    """Ask about held-out pictures, and print how many answers are right to the letter."""
    vlm = load_chosen(VisionLanguageModel, "vlm", profile, data, weights)
    report = evaluate_vlm(vlm, questions)
    report.print()
    if json:
        report.write_json(json)


def evaluate_vlm(
    vlm: Answerer, questions: int = QUESTIONS, descriptions: int = DESCRIPTIONS
) -> Report:
    """`exact`: the share of answers right to the letter; `exact_worst_type`: that of the topic with
    the lowest; `caption_f1`, `brief_f1`: of facts stated, in three sentences and in one."""
    asked = held_out_questions(questions)
    hits = [
        vlm.answer(picture(item.scene), item.exchange.question) == item.exchange.answer
        for item in track(asked, "questions", transient=True)
    ]
    topics = _by_topic(asked, hits)
    figures: dict[str, float] = {
        "exact": sum(hits) / len(hits),
        "exact_worst_type": min(share for _, _, share in topics),
        **_descriptions(vlm, HELD_OUT_SEEDS[: min(questions, descriptions)]),
        "questions": len(asked),
    }
    table = Table("Exact answers, by topic", ("topic", "questions", "exact"), topics)
    return Report("Questions about held-out scenes", figures, (table,))


def held_out_questions(count: int, seeds: Sequence[int] = HELD_OUT_SEEDS) -> list[Asked]:
    """`count` questions on `seeds`, as many on each; of what a scene allows, the topics that were
    asked about least."""
    each = -(-count // len(seeds))
    asked: list[Asked] = []
    seen: Counter[str] = Counter()
    for seed in seeds[: -(-count // each)]:
        scene = sample_scene(seed)
        rng = Random(f"asked-{seed}")
        exchanges = [e for e in ask(scene, rng, HELD_OUT) if e.topic not in _DESCRIBED]
        rng.shuffle(exchanges)
        for _ in range(each):
            exchange = min(exchanges, key=lambda e: seen[e.topic])
            exchanges.remove(exchange)
            seen[exchange.topic] += 1
            asked.append(Asked(scene, exchange))
    return asked[:count]


def picture(scene: Scene) -> Image.Image:
    return draw(scene, _PIXELS)


def f1(stated: Iterable[frozenset[str]], true: Iterable[frozenset[str]]) -> float:
    """The harmonic mean of precision and recall over all facts together."""
    pairs = list(zip(stated, true, strict=True))
    right = sum(len(said & real) for said, real in pairs)
    return 2 * right / max(1, sum(len(said) + len(real) for said, real in pairs))


def _descriptions(vlm: Answerer, seeds: Sequence[int]) -> dict[str, float]:
    said: dict[str, list[frozenset[str]]] = {topic: [] for topic in _DESCRIBED}
    true: dict[str, list[frozenset[str]]] = {topic: [] for topic in _DESCRIBED}
    for seed in track(seeds, "descriptions", transient=True):
        scene = sample_scene(seed)
        image = picture(scene)
        true["describe"].append(scene_facts(scene))
        true["brief"].append(describe_briefly(scene).facts)
        for exchange in ask(scene, Random(f"described-{seed}"), HELD_OUT):
            if exchange.topic in _DESCRIBED:
                said[exchange.topic].append(read_facts(vlm.answer(image, exchange.question)))
    return {
        "caption_f1": f1(said["describe"], true["describe"]),
        "brief_f1": f1(said["brief"], true["brief"]),
        "descriptions": len(seeds),
    }


def _by_topic(asked: list[Asked], hits: list[bool]) -> list[tuple[str, int, float]]:
    found: dict[str, list[bool]] = {}
    for item, hit in zip(asked, hits, strict=True):
        found.setdefault(item.exchange.topic, []).append(hit)
    return [(topic, len(hits), sum(hits) / len(hits)) for topic, hits in sorted(found.items())]
