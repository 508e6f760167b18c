"""A drawing shows all that was asked for, also where a call says only half of it."""

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from agent.abilities import Abilities
from agent.omitting import whole
from tests.agent.calls import arguments_after
from tools.registry import discover

SCENES = Abilities.of(discover().values()).scenes


def drawn(said: str, prompt: str) -> object:
    mends = whole([HumanMessage(said)], SCENES)
    return arguments_after(mends, "generate_image", prompt=prompt)["prompt"]


@pytest.mark.parametrize(
    ("said", "prompt", "shown"),
    [
        (
            "生成一幅水墨画风格的江南水乡，有拱桥、流水和垂柳",
            "水墨画风格的江南水乡，拱桥",
            "水墨画风格的江南水乡，有拱桥、流水和垂柳",
        ),
        ("帮我画一幅油画，桌上放着苹果和梨", "桌上放着苹果和梨", "油画，桌上放着苹果和梨"),
        (
            "画一幅秋天的草地，左边有一棵松树，右边有两匹棕色的马",
            "秋天的草地，左边有一棵松树，右边有两",
            "秋天的草地，左边有一棵松树，右边有两匹棕色的马",
        ),
    ],
)
def test_what_was_left_out_is_drawn_as_well(said: str, prompt: str, shown: str) -> None:
    assert drawn(said, prompt) == shown


@pytest.mark.parametrize(
    ("said", "prompt"),
    [
        ("画一只猫，不要背景", "一只猫"),
        ("画一只猫，然后读出来", "一只猫"),
        ("画一只猫，要三张", "一只猫"),
        ("画一只猫，谢谢你啦", "一只猫"),
        ("我家的猫叫豆花，画一只猫", "一只猫"),  # an order, but not from its first word
        ("照着它画一只猫", "一只猫"),
        ("画一只猫，坐在窗台上", "一只白猫"),  # says more than the person
        ("画一只猫，坐在窗台上", "一只猫，坐在窗台上"),
    ],
)
def test_everything_else_stays_as_it_is(said: str, prompt: str) -> None:
    assert drawn(said, prompt) == prompt


def test_a_later_step_may_draw_what_was_found() -> None:
    messages = [
        HumanMessage("画一只猫，坐在窗台上"),
        AIMessage("", tool_calls=[{"name": "ask_image", "args": {}, "id": "a"}]),
        ToolMessage("一只猫", tool_call_id="a"),
    ]
    assert whole(messages, SCENES) == {}
