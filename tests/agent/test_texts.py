"""Long texts: named, read in part, handed to tools whole."""

import json

import pytest
from langchain_core.messages import HumanMessage, ToolMessage

from agent.texts import LONG, passage_of, texts_of, with_names, with_notes
from models.errors import InvalidRequest
from tests.agent.conftest import MakeWorld
from tests.agent.test_runs import steps
from tools.context import ToolContext
from tools.contract import Arguments, ToolOutput, tool

STORY = "".join(f"第{n}天，她又走到桥边。“还没来。”她说。\n" for n in range(20)).strip()


class Words(Arguments):
    text: str


@tool(title_zh="数字数", title_en="Count", icon="123")
def count_words(arguments: Words, context: ToolContext) -> ToolOutput:
    """数一数有几个字。"""
    del context
    return ToolOutput(f"一共{len(arguments.text)}字", (), {"text": arguments.text})


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (f"把下面这篇读出来：{STORY}", "把下面这篇读出来：txt-1"),
        (f"总结一下:\n{STORY}", "总结一下:\ntxt-1"),
        (f"{STORY}\n\n她等到了吗？", "txt-1\n她等到了吗？"),
        (f"念给我听\n{STORY}", "念给我听\ntxt-1"),
        (f"把“{'春' * LONG}”读一遍", "把“txt-1”读一遍"),
        (f"[img-1]配这段话合适吗：{STORY}", "[img-1]配这段话合适吗：txt-1"),
        (STORY.replace("\n", "") * 4, "txt-1"),
        ("画一幅画，" * 40, "画一幅画，" * 40),
        ("你好", "你好"),
        (f"念：{'短' * (LONG - 1)}", f"念：{'短' * (LONG - 1)}"),
    ],
)
def test_a_request_is_told_from_the_text_that_it_is_about(said: str, named: str) -> None:
    message = HumanMessage(said)
    assert with_names([message])[0].text.replace("\n\n", "\n") == named
    passage = passage_of(message)
    assert passage is None or "".join(passage) == said


def test_texts_are_numbered_as_they_appear_and_results_are_among_them() -> None:
    heard = ToolMessage(f"aud-1的内容：\n{STORY}", tool_call_id="c")
    found = ToolMessage(
        "找到40张图片：" + "、".join(f"img-{n}" for n in range(40)), tool_call_id="d"
    )
    texts = texts_of([HumanMessage(f"读：{'甲' * 200}"), heard, found, HumanMessage("乙" * 2000)])
    assert texts == {"txt-1": "甲" * 200, "txt-2": STORY, "txt-3": "乙" * 2000}


def test_the_model_reads_head_and_tail_and_how_much_lies_between() -> None:
    text = "开头" + "中" * 20_000 + "结尾"
    (noted,) = with_notes([HumanMessage(f"总结一下：{text}")], len, 200)
    assert len(noted.text) < 300
    assert noted.text.startswith("（txt-1，共20004字，中间略去19804字：开头")
    assert noted.text.endswith("结尾）\n总结一下：txt-1")


def test_what_would_be_slow_to_take_apart_is_not() -> None:
    for text in ("\n" * 20_000, "“" * 20_000, "：" * 20_000, " \n" * 10_000 + "问"):
        texts_of([HumanMessage(text)] * 50)


def test_a_tool_gets_the_whole_text_that_the_model_names(make_world: MakeWorld) -> None:
    named = ("count_words", json.dumps({"text": "txt-1"}))
    world = make_world(named, "数好了", tools=(count_words,))
    events = world.told(world.ask(f"数一数：{STORY}"))
    (step,) = steps(events)
    assert step["details"]["text"] == STORY


def test_a_text_that_is_not_there_is_the_models_to_correct(make_world: MakeWorld) -> None:
    wrong, right = (("count_words", json.dumps({"text": t})) for t in ("txt-7", "[txt-1]"))
    world = make_world(wrong, right, "数好了", tools=(count_words,))
    first, second = steps(world.told(world.ask(f"数一数：{STORY}")))
    assert first["error"]["code"] == "tool_retry"
    assert "可用的文字：txt-1" in first["error"]["zh"]
    assert second["state"] == "done"


def test_a_text_past_the_bound_is_refused_with_its_length(make_world: MakeWorld) -> None:
    world = make_world("好")
    with pytest.raises(InvalidRequest, match=r"20001字.*最多20000字"):
        world.ask("字" * 20_001)
    assert not world.artifacts.handles(world.conversation())
