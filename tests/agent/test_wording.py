"""A call without words that mean anything gets the person's."""

import pytest

from agent.abilities import Abilities
from agent.wording import kept, says_nothing, worded
from tests.agent.calls import arguments_after
from tools.registry import discover

OURS = Abilities.of(discover().values())
SCENES = OURS.scenes


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
    return arguments_after(worded(question, SCENES), name, **arguments)


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


@pytest.mark.parametrize(
    ("question", "query", "whole"),
    [
        ("翻一张热腾腾的火锅，两张也行", "热腾腾", "热腾腾的火锅"),
        ("搜一搜 cyberpunk 风的城市夜景", "cyberpunk 风", "cyberpunk 风的城市夜景"),
        ("俺家那头老黄牛在哪儿", "俺家", "俺家那头老黄牛在哪儿"),
        ("穿旗袍的照片找出来", "穿旗袍", "穿旗袍"),
        ("有带红灯笼的图吗", "带红灯笼", "带红灯笼"),
        ("油菜花的也来几张", "油菜花", "油菜花"),
        ("找荷花，雨后的那几张", "荷花", "荷花"),
        ("海边的日出，然后改成夜晚的", "海边的日出", "海边的日出"),
    ],
)
def test_half_a_phrase_gets_its_other_half(question: str, query: str, whole: str) -> None:
    assert told(question, "search_images", query=query) == {"query": whole}


def test_another_thing_takes_the_place_of_the_last_one() -> None:
    assert told("那枇杷呢", "search_images", query="石榴") == {"query": "枇杷"}
    assert told("那红枇杷呢？", "search_images", query="枇杷") == {"query": "枇杷"}


def changed(question: str, instruction: str) -> str:
    given = {"image": "img-1", "instruction": instruction}
    return str(arguments_after(kept(question, OURS.wishes), "edit_image", **given)["instruction"])


def test_a_change_is_more_than_what_should_stay() -> None:
    said = "蛋糕也来一个，放它跟前，帽子保留"
    assert changed(f"[img-1]{said}", "帽子保留") == said
    assert changed(said, "蛋糕也来一个") == "蛋糕也来一个"
    assert changed("天空别动", "天空别动") == "天空别动"
    assert changed("换个背景" * 60, "人别动") == "人别动"
