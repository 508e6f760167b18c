"""What a prompt leaves open is settled: the same words ask for one picture."""

from dataclasses import replace
from random import Random

import pytest

from training.draw.prompts import DRAW, Thing, Wish
from training.draw.settling import asked_scene, prompt_for, settled
from training.world.layout import STEADY
from training.world.scene import Group, Scene

CAT = Group("cat", 2, "白", "front", "right")
MOON = Group("moon", 1, None, "sky", "left")
KITE = Group("kite", 1, "红", "sky", "right")
SCENE = Scene(7, "meadow", "spring", "night", "sunny", "ink", (CAT, MOON, KITE))


def _wish(*things: Thing) -> Wish:
    return Wish("", DRAW, {}, things)


def _sides(scene: Scene | None) -> dict[str, str]:
    assert scene is not None
    return {group.kind: group.side for group in scene.groups}


def test_nothing_but_what_is_named_is_shown_and_a_number_left_open_is_one() -> None:
    found = settled(SCENE, _wish(Thing("cat")))
    assert found is not None
    assert found.seed == STEADY
    assert [(group.kind, group.count, group.color) for group in found.groups] == [("cat", 1, "白")]


def test_a_thing_stands_where_the_words_say() -> None:
    wish = _wish(Thing("cat", count=2, side="right"), Thing("moon", side="left"))
    assert _sides(settled(SCENE, wish)) == {"cat": "right", "moon": "left"}


def test_a_lone_thing_stands_in_the_middle() -> None:
    assert _sides(settled(SCENE, _wish(Thing("moon")))) == {"moon": "middle"}


def test_what_is_open_stands_in_the_same_place_whatever_the_scene_had() -> None:
    moved = replace(SCENE, groups=(replace(CAT, side="left"), replace(MOON, side="right"), KITE))
    wish = _wish(Thing("cat", count=2), Thing("moon"), Thing("kite"))
    assert settled(SCENE, wish) == settled(moved, wish)


def test_things_make_room_for_one_whose_place_is_said() -> None:
    own = _sides(settled(SCENE, _wish(Thing("moon"), Thing("kite"))))["moon"]
    sides = _sides(settled(SCENE, _wish(Thing("moon"), Thing("kite", side=own))))
    assert sides["kite"] == own != sides["moon"]


def test_what_finds_no_room_is_no_picture() -> None:
    wish = _wish(Thing("moon", side="left"), Thing("kite", side="left"))
    assert settled(SCENE, wish) is None


@pytest.mark.parametrize("place", ["river", "meadow", "beach", "street", "town", "table"])
def test_a_place_alone_shows_what_it_usually_has(place: str) -> None:
    found = settled(Scene(7, place, "spring", "day", "sunny", "ink", ()), _wish())
    assert len(_sides(found)) >= 2


def test_a_prompt_asks_for_its_picture_and_for_nothing_else() -> None:
    scenes = [asked_scene(row) for row in range(20)]
    assert scenes == [asked_scene(row) for row in range(20)]
    assert len({scene.groups for scene in scenes}) > 15
    for scene in scenes:
        whole = _wish(*(Thing(g.kind, g.count, g.color, g.side, g.row) for g in scene.groups))
        assert settled(scene, whole) == scene


def test_a_picture_is_asked_for_in_many_words() -> None:
    prompts = {prompt_for(asked_scene(0), Random(seed)) for seed in range(8)}
    assert len(prompts) == 8
