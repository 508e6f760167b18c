"""The judge that reads drawings, and the shares that are counted from what it reads."""

from collections.abc import Iterable, Iterator

import pytest
import torch
from PIL import Image

from evaluation.facts import Tally, aspect, judged, of_present
from evaluation.judge import JUDGE_WEIGHTS, Facts, Judge, blurred, evaluate_judge
from training.judge.model import COLOR_NAMES, GRID, SETTINGS, Maps
from training.world.captions import scene_facts
from training.world.kinds import KINDS
from training.world.scene import STYLES, sample_scene

KIND_ROW = {kind.key: row for row, kind in enumerate(KINDS)}
trained = pytest.mark.skipif(not JUDGE_WEIGHTS.exists(), reason="the judge's weights are missing")


class Drawn:
    """Stands for the network: sees what it was told at construction."""

    def __init__(self, style: str) -> None:
        heat = torch.full((1, len(KINDS), GRID, GRID), -9.0)
        color = torch.zeros(1, len(COLOR_NAMES), GRID, GRID)
        for column, name in ((4, "棕"), (20, "棕"), (30, "白")):
            heat[0, KIND_ROW["dog"], 25, column] = 3.0
            color[0, COLOR_NAMES.index(name), 25, column] = 2.0
            color[0, COLOR_NAMES.index("红"), 25, column] = 5.0  # no dog is red
        heat[0, KIND_ROW["dog"], 25, 5] = 2.0  # a lower neighbour of the first is the same dog
        heat[0, KIND_ROW["sun"], 5, 5] = -1.5  # too faint
        settings = {name: torch.zeros(1, len(values)) for name, values in SETTINGS.items()}
        settings["style"][0, STYLES.index(style)] = 4.0
        self.maps = Maps(heat, color, settings)

    def __call__(self, _: torch.Tensor) -> Maps:
        return self.maps


def read(net: Drawn) -> Facts:
    (facts,) = Judge(net).read([Image.new("RGB", (256, 256))])  # type: ignore[arg-type]
    return facts


def test_peaks_are_things_and_their_colour_is_one_that_the_kind_can_have() -> None:
    facts = read(Drawn("oil"))
    assert {"kind=dog", "dog.count=3", "dog.color=棕", "style=oil"} <= facts
    assert "kind=sun" not in facts


def test_a_sketch_shows_no_colours() -> None:
    facts = read(Drawn("sketch"))
    assert "dog.count=3" in facts
    assert not any("color" in fact for fact in facts)


def test_pictures_are_read_in_order_however_many_there_are() -> None:
    net = Drawn("ink")
    net.maps = Maps(*(x.expand(16, -1, -1, -1) for x in (net.maps.heat, net.maps.color)),
                    {k: v.expand(16, -1) for k, v in net.maps.settings.items()})  # fmt: skip
    pictures = (Image.new("RGB", (64, 64)) for _ in range(35))
    assert len(list(Judge(net).read(pictures))) == 35  # type: ignore[arg-type]


def test_aspects_of_facts() -> None:
    facts = {"kind=cat", "cat.count=3", "cat.side=left", "style=ink", "cat.color=白"}
    assert {aspect(fact) for fact in facts} == {"kind", "count", "side", "style", "color"}
    assert judged(facts) == facts - {"cat.side=left"}


def test_of_present_leaves_out_what_is_not_there() -> None:
    wanted = {"kind=cat", "cat.count=3", "dog.count=1", "dog.color=白"}
    assert of_present(wanted, {"kind=dog"}) == {"dog.count=1", "dog.color=白"}


def test_a_tally_shares_by_aspect_and_over_all() -> None:
    tally = Tally()
    tally.add({"kind=cat", "kind=dog", "cat.count=2"}, {"kind=cat", "cat.count=1"})
    assert tally.share("kind") == 0.5
    assert tally.share("count") == 0.0
    assert tally.share() == pytest.approx(1 / 3)
    assert tally.share("style") == 0.0


class AllSeeing:
    """Reads the truth of given scenes, and one thing that is not there."""

    def __init__(self, truths: list[Facts]) -> None:
        self.truths = truths

    def read(self, pictures: Iterable[Image.Image]) -> Iterator[Facts]:
        for truth, _ in zip(self.truths, pictures, strict=True):
            yield truth | {"kind=dragon"}


def test_the_judges_own_report_counts_what_is_missed_and_what_is_made_up() -> None:
    scenes = [sample_scene(seed) for seed in range(3)]
    truths = [scene_facts(scene) for scene in scenes]
    things = sum(len(scene.groups) for scene in scenes)
    figures = evaluate_judge(AllSeeing(truths), range(3)).figures
    assert figures["kind"] == figures["count"] == figures["style"] == 1.0
    assert figures["precision"] == pytest.approx(things / (things + 3))
    truths[0] = frozenset(fact for fact in truths[0] if not fact.startswith("kind="))
    figures = evaluate_judge(AllSeeing(truths), range(3)).figures
    assert figures["kind"] == pytest.approx(1 - len(scenes[0].groups) / things)
    assert figures["count"] == 1.0


@trained
def test_the_shipped_judge_sees_real_pictures_as_its_card_says_even_blurred() -> None:
    torch.set_num_threads(1)
    judge = Judge.load()
    for spoil in (lambda picture: picture, blurred):
        figures = evaluate_judge(judge, range(24), spoil).figures
        assert figures["kind"] > 0.9
        assert figures["precision"] > 0.85
        assert figures["color"] > 0.85
        assert figures["style"] > 0.9
