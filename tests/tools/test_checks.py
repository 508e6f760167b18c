"""What is refused before anything is leased: `parse` alone, or handles that do not fit."""

from typing import Any

import pytest

from models.errors import ToolRetry
from tests.tools.conftest import attach, png
from tools.checks import same_words
from tools.context import ToolContext
from tools.registry import discover

TOOLS = discover()


def refusal(name: str, raw: dict[str, Any], context: ToolContext) -> ToolRetry:
    with pytest.raises(ToolRetry) as caught:
        TOOLS[name].invoke(raw, context)
    return caught.value


@pytest.mark.parametrize(
    ("name", "raw", "hint", "question"),
    [
        (
            "search_images",
            {"query": "？！。"},
            "query里只有标点。",
            "还差一样，请告诉我：要找的画面。",
        ),
        (
            "generate_image",
            {"prompt": "generate_image"},
            "prompt是工具的名字，要写内容。",
            "还差一样，请告诉我：要画的内容。",
        ),
        (
            "generate_image",
            {"prompt": "一座 山。", "negative_prompt": "一座山"},
            "negative_prompt和prompt一样，等于什么都不画。",
            "要画的和不要的是同一样东西。请告诉我画什么，不要什么。",
        ),
        (
            "generate_image",
            {"prompt": "山", "count": 20},
            "count不能大于8（现在是20）。",
            "这里只能是：画几张，1到8。请换一个再说。",
        ),
        (
            "search_images",
            {"query": "山", "filters": {"after": "2024-05-02", "before": "2024-05-01"}},
            "filters里after（2024-05-02）比before（2024-05-01）晚。",
            "要找的时间前后对不上。请告诉我从哪一天到哪一天。",
        ),
        (
            "edit_image",
            {"image": "img-1", "instruction": "换成水墨", "strength": 0},
            "strength为0就是不改。",
            "力度是0就等于不改。要改多少？从0到1说一个数。",
        ),
        ("speak", {}, "缺少参数text。", "还差一样，请告诉我：要朗读的文字。"),
        ("transcribe_audio", {}, "缺少参数audio。", "请把录音发给我。"),
        (
            "read_text",
            {"image": "img-4"},
            "没有图片img-4，可用的图片：img-1、img-2。",
            "你说的是哪一张？现在有img-1、img-2。",
        ),
        (
            "transcribe_audio",
            {"audio": "img-1"},
            "img-1是图片，不是音频，还没有音频。",
            "请把录音发给我。",
        ),
        (
            "search_images",
            {"query": "和img-1像的"},
            "query里提到img-1，但这个工具看不到图片和录音；请写成文字，或换别的工具。",
            "我一次只能处理一个文件。请说清楚是哪一个，有几个就分几句说。",
        ),
        (
            "ask_image",
            {"image": "img-1", "question": "和img-2比哪张亮"},
            "question里提到img-2，但这个工具只看得到img-1；要用几张就分几次调用。",
            "我一次只能处理一个文件。请说清楚是哪一个，有几个就分几句说。",
        ),
    ],
)
def test_a_call_that_makes_no_sense_is_a_hint_and_a_question(
    context: ToolContext, name: str, raw: dict[str, Any], hint: str, question: str
) -> None:
    attach(context, png("red"))
    attach(context, png("blue"))
    told = refusal(name, raw, context)
    assert (told.zh, told.question) == (hint, question)


def test_nothing_is_shown_or_leased_for_it(context: ToolContext, shown: list[object]) -> None:
    before = context.residency.state().swaps
    refusal("read_text", {"image": "img-1"}, context)
    assert shown == []
    assert context.residency.state().swaps == before


@pytest.mark.parametrize("query", ["山", "❤️", "2024", "a-img-1b", "IMG-1"])
def test_what_says_something_is_left_alone(query: str) -> None:
    assert TOOLS["search_images"].parse({"query": query}).model_dump()["query"] == query


def test_the_name_of_its_own_picture_may_stand_in_a_question(context: ToolContext) -> None:
    handle = attach(context, png())
    score = TOOLS["score_image"].invoke({"image": handle, "text": f"{handle}是红的"}, context)
    assert score.details["clip_score"] >= 0


def test_words_are_the_same_whatever_their_width_case_and_punctuation() -> None:
    assert same_words("Ａ山，水。", "a山水")
    assert not same_words("山", "水")
