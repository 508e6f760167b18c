import json

import pytest
from pydantic import Field

from models.errors import Cancelled, ToolRetry
from tests.tools.conftest import attach, png
from tools.context import Activity, ToolContext, current_ticket
from tools.contract import Arguments, ImageHandle, Tool, ToolOutput, tool
from tools.registry import DuplicateTool, collect, discover, schema


class Paint(Arguments):
    prompt: str = Field(description="画什么", min_length=1, max_length=5)
    count: int = Field(1, description="几张，1到4", ge=1, le=4)
    image: ImageHandle | None = None


@tool(title_zh="画", title_en="Paint", icon="brush")
def paint(arguments: Paint, context: ToolContext) -> ToolOutput:
    """画一张图。

    What developers read.
    """
    context.progress(0.5, "在画")
    if arguments.image:
        context.image(arguments.image)
    handle = context.keep(png(), kind="image", name="画.png", seed=3)
    return ToolOutput("已画好", (handle,))


def test_the_tools_are_found_and_sorted() -> None:
    names = list(discover())
    assert names == sorted(names)
    assert {"find_similar_images", "read_text", "score_image", "search_images", "speak"} <= set(
        names
    )


def test_two_tools_of_one_name_are_fatal() -> None:
    with pytest.raises(DuplicateTool, match="paint"):
        collect([paint, paint])


def test_the_schema_is_what_a_language_model_needs_and_no_more() -> None:
    assert schema(paint) == {
        "type": "function",
        "function": {
            "name": "paint",
            "description": "画一张图。",
            "parameters": {
                "type": "object",
                "properties": {
                    "prompt": {"description": "画什么", "type": "string"},
                    "count": {
                        "default": 1,
                        "description": "几张，1到4",
                        "maximum": 4,
                        "minimum": 1,
                        "type": "integer",
                    },
                    "image": {"description": "图片编号，如img-1", "type": "string"},
                },
                "required": ["prompt"],
            },
        },
    }


@pytest.mark.parametrize("found", discover().values(), ids=lambda found: found.name)
def test_every_schema_is_described_in_chinese_and_self_contained(found: Tool) -> None:
    function = schema(found)["function"]
    described = [function, *function["parameters"]["properties"].values()]
    assert all(any("一" <= c <= "鿿" for c in node["description"]) for node in described)
    assert "$ref" not in json.dumps(function)


@pytest.mark.parametrize(
    ("raw", "hint"),
    [
        ({}, "缺少参数prompt。"),
        ({"prompt": "山", "count": 9}, "count不能大于4（现在是9）。"),
        ({"prompt": "山", "count": 0}, "count不能小于1（现在是0）。"),
        ({"prompt": "山", "count": "许多"}, "count应为整数。"),
        ({"prompt": "山", "count": 1.5}, "count应为整数（现在是1.5）。"),
        ({"prompt": ["山"]}, "prompt应为文字。"),
        ({"prompt": "一二三四五六"}, "prompt不能超过5个字。"),
        ({"prompt": " "}, "prompt不能少于1个字。"),
        ({"prompt": "山", "style": 1}, "没有参数style，可用的参数：prompt、count、image。"),
        ({"count": 9}, "缺少参数prompt；count不能大于4（现在是9）。"),
    ],
)
def test_wrong_arguments_become_one_short_chinese_hint(raw: dict[str, object], hint: str) -> None:
    with pytest.raises(ToolRetry) as caught:
        paint.parse(raw)
    assert caught.value.zh == hint


def test_a_number_written_as_text_counts(context: ToolContext) -> None:
    assert paint.parse({"prompt": "山", "count": "3"}).model_dump()["count"] == 3


def test_a_result_gets_a_handle_and_says_where_it_comes_from(context: ToolContext) -> None:
    attach(context, png("blue"))
    output = paint.invoke({"prompt": "山"}, context)
    assert output.handles == ("img-2",)
    made, _ = context.image("img-2")
    assert made.lineage.tool == "paint"
    assert made.lineage.arguments == {"prompt": "山"}
    assert made.lineage.seed == 3


def test_activity_is_shown_in_order(context: ToolContext, shown: list[Activity]) -> None:
    paint.invoke({"prompt": "山"}, context)
    assert shown == [Activity("running"), Activity("running", fraction=0.5, note="在画")]


def test_a_stopped_call_never_starts(context: ToolContext, shown: list[Activity]) -> None:
    context.cancel.set()
    with pytest.raises(Cancelled):
        paint.invoke({"prompt": "山"}, context)
    assert shown == []


def test_whoever_leases_below_a_tool_waits_in_its_name(context: ToolContext) -> None:
    with context.calling("t", {}):
        ticket = current_ticket.get()
        assert ticket is not None
        assert ticket.cancel is context.cancel
    assert current_ticket.get() is None


@pytest.mark.parametrize(
    ("attached", "asked", "hint"),
    [
        (0, "img-1", "没有图片img-1，还没有图片。"),
        (2, "img-7", "没有图片img-7，可用的图片：img-1、img-2。"),
        (1, "aud-1", "aud-1是音频，不是图片，可用的图片：img-1。"),
        (1, "第一张", "没有图片第一张，可用的图片：img-1。"),
    ],
)
def test_an_unknown_handle_is_answered_with_those_that_exist(
    context: ToolContext, attached: int, asked: str, hint: str
) -> None:
    for _ in range(attached):
        attach(context, png())
    with pytest.raises(ToolRetry) as caught:
        paint.invoke({"prompt": "山", "image": asked}, context)
    assert caught.value.zh == hint


def test_a_tool_without_words_for_the_model_is_no_tool() -> None:
    def silent(arguments: Paint, context: ToolContext) -> ToolOutput:
        return ToolOutput("")

    with pytest.raises(TypeError, match="docstring"):
        tool(title_zh="", title_en="", icon="")(silent)
