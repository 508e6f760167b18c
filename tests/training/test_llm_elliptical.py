"""What people leave out is understood from the turn before."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from tools.handles import Kind
from training.llm import elliptical
from training.llm.corpus import ALL
from training.llm.dialog import Call, Dialog


def told(*calls: Call, seed: int = 0, attached: int = 3) -> Dialog:
    """A conversation with three pictures and one turn in which `calls` were made."""
    d = Dialog(ALL, Random(seed))
    pictures: list[Kind] = ["image"] * attached
    d.user("……", d.attach(*pictures))
    for call in calls:
        d.call(call)
    d.report()
    return d


def called(d: Dialog) -> dict[str, Any]:
    """The call of the last turn."""
    made = [call for m in d.messages for call in m.get("tool_calls", [])]
    function: dict[str, Any] = made[-1]["function"]
    return function


@pytest.mark.parametrize("seed", range(20))
def test_the_same_is_asked_of_another_picture(seed: int) -> None:
    first = ("ask_image", {"image": "img-2", "question": "有几只猫"})
    d = told(first, seed=seed)
    assert elliptical.same_for_another(d)
    again = called(d)
    assert again["name"] == "ask_image"
    assert again["arguments"]["question"] == "有几只猫"
    assert again["arguments"]["image"] in {"img-1", "img-3"}


@pytest.mark.parametrize(
    ("turn", "tool"),
    [
        (elliptical.ask_focus, "ask_image"),
        (elliptical.ask_aspect, "ask_image"),
        (elliptical.read_focus, "read_text"),
    ],
)
def test_what_names_no_picture_is_about_the_last_one(
    turn: Callable[[Dialog], bool], tool: str
) -> None:
    d = told(("ask_image", {"image": "img-3", "question": "有几只猫"}))
    assert turn(d)
    asked = called(d)
    assert (asked["name"], asked["arguments"]["image"]) == (tool, "img-3")


def test_without_a_turn_to_refer_to_nothing_is_left_out() -> None:
    searched = told(("search_images", {"query": "猫"}), attached=0)
    assert not elliptical.same_for_another(searched)
    assert not elliptical.speak_another(searched)
    assert not elliptical.ask_focus(Dialog(ALL, Random(0)))
