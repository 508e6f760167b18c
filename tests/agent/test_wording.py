"""A call without words that mean anything gets the person's."""

import json

import pytest

from agent.abilities import Abilities
from agent.mending import mended
from agent.parsing import CallArguments, CallStart
from agent.wording import says_nothing, worded
from tools.registry import discover

SCENES = Abilities.of(discover().values()).scenes


@pytest.mark.parametrize(
    ("words", "nothing"),
    [
        ("帮忙", True), ("帮我", True), ("一个", True), ("一幅，一幅，", True), ("", True),
        ("给我来2张图", True), ("找" * 20_000 + "。", True),
        ("桥", False), ("看书的人", False), ("一个苹果", False), ("red fox", False),
        ("画家", False), ("下雨", False),
    ],
)  # fmt: skip
def test_words_that_name_nothing_are_known(words: str, nothing: bool) -> None:
    assert says_nothing(words) is nothing


def told(question: str, name: str, **arguments: object) -> dict[str, object]:
    call = CallArguments(0, json.dumps(arguments, ensure_ascii=False))
    *_, last = mended(iter([CallStart(0, name), call]), worded(question, SCENES))
    assert isinstance(last, CallArguments)
    found: dict[str, object] = json.loads(last.delta)
    return found


def test_a_drawing_of_nothing_is_drawn_from_what_was_said() -> None:
    said = "我闺女爱独角兽，你给画一个呗"
    assert told(said, "generate_image", prompt="一个", seed=3) == {"prompt": said, "seed": 3}


def test_attached_pictures_are_no_words() -> None:
    assert told("[img-1][img-2]找榫卯", "search_images", query="帮我") == {"query": "找榫卯"}


@pytest.mark.parametrize(
    ("question", "name", "arguments"),
    [
        ("找拱桥", "search_images", {"query": "拱桥"}),
        ("再来一张", "generate_image", {"prompt": "一张"}),  # nor does the person say anything
        ("读一读", "speak", {"text": "一个"}),
        ("找拱桥" * 100, "search_images", {"query": "帮我"}),
        ("找拱桥", "search_images", {"query": 3}),
        ("找拱桥", "search_images", {}),
    ],
)
def test_everything_else_stays_as_it_is(
    question: str, name: str, arguments: dict[str, object]
) -> None:
    assert told(question, name, **arguments) == arguments
