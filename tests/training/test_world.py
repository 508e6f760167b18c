"""The illustrated world: same seed, same everything; every kind and style draws and is told of."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from random import Random

import numpy as np
import pytest

from training.world.captions import full_caption, scene_facts, short_caption
from training.world.descriptions import describe, describe_briefly, read_facts
from training.world.edits import all_instructions, sample_edit
from training.world.kinds import BY_KEY, KINDS
from training.world.layout import STEADY, items_overlap, lay_out
from training.world.phrases import HELD_OUT, TRAIN, PhraseBank
from training.world.questions import TOPICS, all_questions, ask
from training.world.render import draw
from training.world.scene import (
    PLACES,
    SIDES,
    STYLES,
    TIMES,
    WEATHERS,
    Group,
    Scene,
    candidates,
    sample_scene,
    steady,
)
from training.world.signs import SIGN_TEXTS, sign_font
from training.world.splits import GALLERY_SEEDS, HELD_OUT_SEEDS, TRAIN_SEEDS
from training.world.things import DRAWERS

_SEEDS = range(40)


def _pixels(seed: int, style: str) -> np.ndarray:
    return np.asarray(draw(sample_scene(seed, style=style), 64), np.float32)


def test_a_seed_gives_the_same_bytes_in_another_process_with_another_hash_seed() -> None:
    code = (
        "from hashlib import sha256; from random import Random;"
        "from training.world.captions import full_caption;"
        "from training.world.phrases import TRAIN;"
        "from training.world.render import draw; from training.world.scene import sample_scene;"
        "s = sample_scene(7); p = draw(s, 64).tobytes();"
        "print(sha256(p + full_caption(s, Random(1), TRAIN).text.encode()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for hash_seed in ("1", "2")
    }
    scene = sample_scene(7)
    words = full_caption(scene, Random(1), TRAIN).text.encode()
    assert seen == {sha256(draw(scene, 64).tobytes() + words).hexdigest()}


def test_different_seeds_give_different_scenes() -> None:
    assert len({replace(sample_scene(seed), seed=0) for seed in _SEEDS}) == len(_SEEDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.key)
def test_every_kind_leaves_a_mark_on_the_picture(kind) -> None:
    scene = sample_scene(3, style="cartoon", must_have=kind.key)
    without = replace(scene, groups=tuple(g for g in scene.groups if g.kind != kind.key))
    change = np.abs(np.asarray(draw(scene, 64), int) - np.asarray(draw(without, 64), int))
    assert (change.max(axis=2) > 24).mean() > 0.002


@pytest.mark.parametrize("place", PLACES)
def test_every_place_can_be_drawn_at_any_size_from_64_pixels_up(place: str) -> None:
    scene = next(s for s in map(sample_scene, range(500)) if s.place == place)
    assert draw(scene, 65).size == (65, 65)
    with pytest.raises(ValueError, match="64 pixels"):
        draw(scene, 63)


@pytest.mark.parametrize("style", ["ink", "watercolor", "cartoon", "papercut", "sketch"])
def test_a_steady_thing_looks_the_same_whatever_else_there_is(style: str) -> None:
    cat = Group("cat", 2, "白", "front", "left")
    alone = Scene(STEADY, "meadow", "summer", "day", "sunny", style, (cat,))
    among = replace(alone, groups=(Group("balloon", 3, "红", "sky", "across"), cat))
    pictures = [np.asarray(draw(scene, 256), int) for scene in (alone, among)]
    left, top, right, bottom = (round(256 * side) for side in lay_out(STEADY, "meadow", cat)[0].box)
    one, other = (picture[top:bottom, left:right] for picture in pictures)
    assert (one == other).all()
    assert (pictures[0] != pictures[1]).any()


def test_steady_things_stand_on_a_grid_and_apart() -> None:
    for scene in map(steady, map(sample_scene, range(300))):
        laid = [lay_out(STEADY, scene.place, group) for group in scene.groups]
        assert not any(items_overlap(a, b) for i, a in enumerate(laid) for b in laid[:i])
        for group, items in zip(scene.groups, laid, strict=True):
            assert len(items) == group.count
            assert all((16 * item.x).is_integer() for item in items)
            assert all(item.box[0] >= 0 and item.box[2] <= 1 for item in items)


def test_two_steady_things_of_a_kind_leave_room_between_them() -> None:
    for side in SIDES:
        one, other = lay_out(STEADY, "meadow", Group("cat", 2, "白", "front", side))
        assert other.box[0] - one.box[2] >= 0.2 * one.width


def test_a_steady_scene_keeps_what_finds_room() -> None:
    scenes = [sample_scene(seed) for seed in range(300)]
    kept = sum(len(steady(scene).groups) for scene in scenes)
    assert 0.94 < kept / sum(len(scene.groups) for scene in scenes) < 1


def test_styles_look_different_from_one_another() -> None:
    seeds = (11, 12, 13)
    for i, first in enumerate(STYLES):
        for second in STYLES[i + 1 :]:
            gaps = [np.abs(_pixels(s, first) - _pixels(s, second)).mean() for s in seeds]
            assert min(gaps) > 4, (first, second)


def test_a_sketch_and_only_a_sketch_is_grey() -> None:
    for style in STYLES:
        pixels = _pixels(5, style)
        spread = (pixels.max(axis=2) - pixels.min(axis=2)).mean()
        assert (spread < 10) == (style == "sketch"), style


def test_a_colour_change_changes_only_that_thing() -> None:
    scene = sample_scene(2, style="cartoon", must_have="balloon")
    group = scene.find("balloon")
    assert group is not None
    other = replace(group, color="红" if group.color != "红" else "蓝")
    groups = tuple(other if g is group else g for g in scene.groups)
    before, after = (np.asarray(draw(s, 128), int) for s in (scene, replace(scene, groups=groups)))
    changed = np.argwhere(np.abs(before - after).max(axis=2) > 30) / 128
    boxes = [item.box for item in lay_out(scene.seed, scene.place, group)]
    inside = [any(x0 - 0.05 < x < x1 + 0.05 and y0 - 0.05 < y < y1 + 0.05
                  for x0, y0, x1, y1 in boxes) for y, x in changed]  # fmt: skip
    assert len(inside) > 50
    assert all(inside)


def test_sampled_scenes_keep_their_promises() -> None:
    for seed in range(300):
        scene = sample_scene(seed)
        keys = [group.kind for group in scene.groups]
        assert keys
        assert len(keys) == len(set(keys))
        assert set(keys) <= {k.key for k in candidates(scene.place, scene.time, scene.weather)}
        placed = [lay_out(seed, scene.place, group) for group in scene.groups]
        assert not any(items_overlap(a, b) for i, a in enumerate(placed) for b in placed[:i])
        for group, items in zip(scene.groups, placed, strict=True):
            assert len(items) == group.count <= BY_KEY[group.kind].max_count
            assert all(i.box[0] > -0.02 and i.box[2] < 1.02 for i in items)
            assert group.color in (BY_KEY[group.kind].colors or (None,))


def test_there_are_enough_kinds_and_each_has_a_drawer() -> None:
    assert len(KINDS) >= 30
    assert set(DRAWERS) == set(BY_KEY)
    assert len({color for kind in KINDS for color in kind.colors}) == 10


def test_no_moon_by_day_and_no_sun_in_the_rain() -> None:
    for time in TIMES:
        for weather in WEATHERS:
            keys = {kind.key for kind in candidates("river", time, weather)}
            assert ("moon" in keys) <= (time == "night")
            assert ("sun" in keys) <= (time != "night" and weather == "sunny")


@pytest.mark.parametrize("bank", [TRAIN, HELD_OUT], ids=["train", "held_out"])
def test_captions_say_what_is_in_the_scene_and_nothing_else(bank: PhraseBank) -> None:
    for seed in _SEEDS:
        scene = sample_scene(seed)
        rng = Random(seed)
        for caption in (full_caption(scene, rng, bank), short_caption(scene, rng, bank)):
            assert caption.facts <= scene_facts(scene)
            for kind in KINDS:
                if f"kind={kind.key}" in caption.facts:
                    assert any(name in caption.text for name in kind.names + kind.held_out)
            for color in re.findall("([红橙黄绿蓝紫粉白黑棕])(?:颜)?色", caption.text):
                assert any(fact.endswith(f".color={color}") for fact in caption.facts)


def test_a_sketch_is_never_described_by_its_colours() -> None:
    for seed in _SEEDS:
        facts = scene_facts(sample_scene(seed, style="sketch"))
        assert not any(".color=" in fact for fact in facts)


def test_captions_of_one_scene_are_worded_in_many_ways() -> None:
    scene = sample_scene(4)
    assert len({full_caption(scene, Random(i), TRAIN).text for i in range(50)}) == 50


@pytest.mark.parametrize("field", [
    "style_frames", "count_color", "count_color_person", "count_only", "color_only",
    "color_only_person", "plain", "short", "short_pair", "short_setting", "sign",
])  # fmt: skip
def test_held_out_frames_are_not_in_training(field: str) -> None:
    assert set(getattr(HELD_OUT, field)).isdisjoint(getattr(TRAIN, field))


@pytest.mark.parametrize(
    "field", ["styles", "times", "seasons", "weathers", "places", "sides", "rows"]
)
def test_held_out_words_for_settings_and_places_are_not_in_training(field: str) -> None:
    held_out, train = getattr(HELD_OUT, field), getattr(TRAIN, field)
    assert held_out.keys() == train.keys()
    for key in train:
        assert set(held_out[key]).isdisjoint(train[key]), key


def test_held_out_captions_never_equal_training_captions() -> None:
    held_out = {full_caption(sample_scene(s), Random(s), HELD_OUT).text for s in _SEEDS}
    held_out |= {short_caption(sample_scene(s), Random(s), HELD_OUT).text for s in range(200)}
    train = {
        short_caption(sample_scene(s), Random(i), TRAIN).text for s in _SEEDS for i in range(9)
    }
    assert held_out.isdisjoint(train)


def test_seeds_for_training_evaluation_and_gallery_do_not_meet() -> None:
    assert HELD_OUT_SEEDS.stop <= GALLERY_SEEDS.start
    assert GALLERY_SEEDS.stop <= TRAIN_SEEDS.start
    assert len(HELD_OUT_SEEDS) == 1_000


def test_questions_are_answered_from_the_scene() -> None:
    scene = sample_scene(0, must_have="sign")
    sign = scene.find("sign")
    answers = {exchange.topic: exchange.answer for exchange in ask(scene, Random(0), TRAIN)}
    assert sign is not None
    assert sign.text is not None
    assert sign.text in answers["text"]
    for exchange in ask(scene, Random(1), TRAIN):
        assert "{" not in exchange.question + exchange.answer
        if exchange.answer.startswith("没有"):
            absent = next(k for k in KINDS if any(n in exchange.question for n in k.names))
            assert scene.find(absent.key) is None
    assert all_questions(TRAIN).isdisjoint(all_questions(HELD_OUT))


@pytest.mark.parametrize("bank", [TRAIN, HELD_OUT])
def test_every_topic_is_asked_about_somewhere(bank: PhraseBank) -> None:
    asked = {
        e.topic for s in _SEEDS for e in ask(sample_scene(s, must_have="sign"), Random(s), bank)
    }
    assert asked == set(TOPICS)


def test_no_question_of_an_evaluation_was_asked_in_training() -> None:
    asked = [
        {e.question for s in range(200) for e in ask(sample_scene(s), Random(s), bank)}
        for bank in (TRAIN, HELD_OUT)
    ]
    assert asked[0].isdisjoint(asked[1])


def test_the_answer_of_one_question_is_always_said_in_one_way() -> None:
    for seed in _SEEDS:
        first, second = (
            {(e.topic, e.answer) for e in ask(sample_scene(seed), Random(7), bank)}
            for bank in (TRAIN, HELD_OUT)
        )
        fixed = {"style", "time", "season", "weather", "place", "count", "color", "where", "what"}
        assert {a for a in first if a[0] in fixed} == {a for a in second if a[0] in fixed}


def test_a_description_states_every_fact_and_they_can_be_read_back() -> None:
    for seed in range(200):
        scene = sample_scene(seed)
        whole, brief = describe(scene), describe_briefly(scene)
        assert whole.facts == scene_facts(scene) == read_facts(whole.text)
        assert brief.facts == read_facts(brief.text) < whole.facts


def test_an_edit_changes_just_what_its_words_name() -> None:
    changes = set()
    for seed in range(120):
        scene = sample_scene(seed)
        edit = sample_edit(scene, Random(seed), TRAIN)
        changes.add(edit.change)
        assert "{" not in edit.instruction
        assert edit.after != scene
        same = ["place", "season", "time", "weather", "style"]
        changed = [name for name in same if getattr(scene, name) != getattr(edit.after, name)]
        expected = [edit.change] if edit.change in same else []
        assert changed == expected
    whole = {"time", "season", "weather", "style"}
    assert changes == whole | {"color", "count", "add", "remove", "replace"}
    assert all_instructions(TRAIN).isdisjoint(all_instructions(HELD_OUT))


def test_the_sign_font_has_every_character_that_signs_use() -> None:
    font = sign_font(24)
    missing = font.getmask("\U0001f600").getbbox()
    for text in SIGN_TEXTS:
        for character in text:
            mask = font.getmask(character)
            assert mask.getbbox() is not None
            assert bytes(mask) != bytes(font.getmask("\U0001f600")), (character, missing)
