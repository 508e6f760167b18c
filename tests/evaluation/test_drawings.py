"""The evaluations of drawing and of editing: what is asked, what counts, resuming, bounds."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageFont

from evaluation import contact_sheet, edit, t2i
from evaluation.drawings import Drawing, Drawings
from evaluation.facts import judged
from evaluation.judge import JUDGE_WEIGHTS, Facts, Judge
from models.catalog import Checkpoint
from models.roles.t2i import ImageGenerator
from tests.fixtures import tiny_drawing
from tests.models.conftest import CPU, entry
from training.world.captions import scene_facts
from training.world.edits import Change
from training.world.phrases import HELD_OUT, TRAIN
from training.world.scene import Group, Scene
from training.world.signs import FONT_PATH
from training.world.splits import EVALUATION_SEEDS

trained = pytest.mark.skipif(not JUDGE_WEIGHTS.exists(), reason="the judge's weights are missing")
BLANK = Drawing(Image.new("RGB", (64, 64)), 2.0)
CAT = Group("cat", 2, "白", "front", "left")
TREE = Group("pine", 1, None, "back", "right")
SCENE = Scene(3, "meadow", "winter", "day", "sunny", "oil", (CAT, TREE))


class Says:
    """Reads given facts off one picture after the other."""

    def __init__(self, facts: list[Facts]) -> None:
        self.facts = facts

    def read(self, pictures: Iterable[Image.Image]) -> Iterator[Facts]:
        for fact, _ in zip(self.facts, pictures, strict=True):
            yield fact


def test_prompts_are_of_evaluation_seeds_in_held_out_words() -> None:
    asked = t2i.asked_for(20)
    assert [one.scene.seed for one in asked] == list(EVALUATION_SEEDS[:20])
    assert all(one.prompt.facts <= scene_facts(one.scene) for one in asked)
    words = "".join(one.prompt.text for one in asked)
    assert any(word in words for frames in HELD_OUT.styles.values() for word in frames)
    assert not any(frame.format(np="") in words for frame in TRAIN.sides["left"])
    assert asked == t2i.asked_for(21)[:20]


def _says(asked: t2i.Asked, part: str) -> bool:
    return any(part in fact for fact in asked.prompt.facts)


def test_a_missing_thing_is_a_wrong_colour_and_count_too_but_not_among_those_present() -> None:
    asked = [next(a for a in t2i.asked_for(20) if _says(a, "style=") and _says(a, ".count="))]
    wanted = judged(asked[0].prompt.facts)
    kind = next(fact for fact in wanted if ".count=" in fact).partition(".")[0]
    about = {f for f in wanted if f == f"kind={kind}" or f.startswith(f"{kind}.")}
    figures = t2i.measure(asked, [BLANK], Says([wanted - about])).figures
    things = sum(f.startswith("kind=") for f in wanted)
    assert figures["things"] == pytest.approx(1 - 1 / things)
    assert figures["counts"] < 1.0
    assert figures["counts_of_present"] == 1.0
    assert figures["style"] == 1.0
    assert figures["seconds"] == figures["seconds_p95"] == 2.0


def test_pictures_are_made_once_and_kept(tmp_path: Path) -> None:
    drawings, made = Drawings(tmp_path / "new"), []

    def make() -> Image.Image:
        made.append(1)
        return Image.new("RGB", (4, 4), (len(made), 0, 0))

    first, again = drawings.get(7, make), drawings.get(7, make)
    assert len(made) == 1
    assert again.picture.getpixel((0, 0)) == (1, 0, 0)
    assert first.seconds == again.seconds >= 0


def test_a_generator_draws_what_is_not_there_yet_each_at_its_native_size(tmp_path: Path) -> None:
    generator = ImageGenerator.load(
        tiny_drawing.write_flux2_klein(tmp_path / "klein"), _tiny_entry(), CPU
    )
    asked = t2i.asked_for(2)
    drawings = Drawings(tmp_path / "kept")
    first = list(t2i.generated(generator, asked[:1], drawings))
    both = list(t2i.generated(generator, asked, drawings))
    generator.release()  # what is kept needs no model
    again = list(t2i.generated(_Sized(generator.native_size), asked, drawings))  # type: ignore[arg-type]
    assert [d.picture.size for d in both] == [(64, 64)] * 2
    assert first[0].picture.tobytes() == again[0].picture.tobytes()
    assert both[0].picture.tobytes() != both[1].picture.tobytes()


class _Sized:
    def __init__(self, native_size: tuple[int, int]) -> None:
        self.native_size = native_size


def _tiny_entry() -> Checkpoint:
    defaults = {
        "steps": 2,
        "guidance": 3.0,
        "size": 64,
        "max_pixels": 128 * 128,
        "max_sequence_length": 24,
        "text_encoder_out_layers": [1, 2],
    }
    return entry("tiny-t2i", "t2i", "models.roles.t2i:ImageGenerator", defaults=defaults)


def _edit(change: Change) -> edit.Asked:
    return edit.Asked(SCENE, change, "")


def test_what_an_edit_wants_and_what_it_should_leave() -> None:
    after = Scene(3, "meadow", "winter", "night", "sunny", "oil", (CAT, TREE))
    night = _edit(Change("time", after))
    assert night.wanted == {"time=night"}
    assert not night.unwanted
    assert "time=day" not in night.others
    assert {"kind=cat", "cat.count=2", "cat.color=白", "season=winter"} <= night.others

    dog = Group("dog", 1, "黑", "front", "left")
    replaced = Scene(3, "meadow", "winter", "day", "sunny", "oil", (dog, TREE))
    swap = _edit(Change("replace", replaced, CAT, dog))
    assert (swap.wanted, swap.unwanted) == ({"kind=dog"}, {"kind=cat"})
    assert swap.details == {"dog.count=1", "dog.color=黑"}
    assert "kind=cat" not in swap.others

    red = Group("cat", 2, "黑", "front", "left")
    recolored = Scene(3, "meadow", "winter", "day", "sunny", "oil", (red, TREE))
    recolor = _edit(Change("color", recolored, CAT, red))
    assert (recolor.wanted, recolor.unwanted) == ({"cat.color=黑"}, frozenset())
    assert {"kind=cat", "cat.count=2"} <= recolor.others


def test_a_perfect_edit_no_edit_and_an_intruder() -> None:
    after = Scene(3, "meadow", "winter", "day", "sunny", "oil", (TREE,))
    gone = _edit(Change("remove", after, CAT, None))
    before, then = judged(scene_facts(SCENE)), judged(scene_facts(after))
    perfect = _measured(gone, before, then)
    assert (perfect["changed"], perfect["kept"], perfect["intruders"]) == (1.0, 1.0, 0.0)
    idle = _measured(gone, before, before)
    assert (idle["changed"], idle["kept"]) == (0.0, 1.0)
    assert _measured(gone, before, then | {"kind=cow"})["intruders"] == 1.0


def test_what_the_judge_did_not_see_before_is_not_held_against_the_edit() -> None:
    after = Scene(3, "meadow", "winter", "night", "sunny", "oil", (CAT, TREE))
    night = _edit(Change("time", after))
    blind = judged(scene_facts(SCENE)) - {"kind=pine", "pine.count=1"}
    assert _measured(night, blind, blind)["kept"] == 1.0


def _measured(asked: edit.Asked, before: Facts, after: Facts) -> dict[str, float]:
    class Sees:
        """First asked for the pictures before, then for those after."""

        answers = iter(([before], [after]))

        def read(self, pictures: Iterable[Image.Image]) -> Iterator[Facts]:
            return Says(next(self.answers)).read(pictures)

    return edit.measure([asked], [BLANK], Sees()).figures


@trained
def test_real_pictures_score_high_and_those_of_other_scenes_low() -> None:
    asked, judge = t2i.asked_for(24), Judge.load()
    best = t2i.measure(asked, t2i.drawn_by_the_world(asked), judge).figures
    others = t2i.drawn_by_the_world([*asked[1:], asked[0]])
    chance = t2i.measure(asked, others, judge).figures
    assert best["things"] > 0.9
    assert best["style"] > 0.9
    assert chance["things"] < 0.4
    assert chance["counts"] < 0.3


@trained
def test_doing_nothing_changes_nothing_and_real_edits_count() -> None:
    asked, judge = edit.asked_for(24), Judge.load()
    best = edit.measure(asked, edit.edited_by_the_world(asked), judge).figures
    idle = edit.measure(asked, edit.unchanged(asked), judge).figures
    assert best["changed"] > 0.8
    assert best["kept"] > 0.9
    assert idle["changed"] < 0.1
    assert idle["kept"] == 1.0


def test_a_sheet_has_every_picture_over_its_wrapped_caption() -> None:
    font = ImageFont.truetype(str(FONT_PATH), 15)
    assert contact_sheet.wrapped("小桥流水江南水乡", font, 61) == ["小桥流水", "江南水乡"]
    red, blue = (Image.new("RGB", (64, 64), color) for color in ("red", "blue"))
    sheet = contact_sheet.contact_sheet([red] * 6 + [blue], ["茶馆"] * 7, font)
    colors = {color for _, color in sheet.getcolors(sheet.width * sheet.height) or []}
    assert {(255, 0, 0), (0, 0, 255)} <= colors
    assert sheet.width > 6 * 64
    assert sheet.height > 2 * 64


def test_the_sheets_prompts_are_24_different_ones() -> None:
    assert len({prompt for prompt, _ in contact_sheet.PROMPTS}) == 24
    assert "生成一幅水墨画风格的江南水乡，有拱桥、流水和垂柳" in dict(contact_sheet.PROMPTS)
