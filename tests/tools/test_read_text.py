from io import BytesIO

import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.tools.conftest import attach, png
from tools import read_text as module
from tools.context import Activity, ToolContext
from tools.read_text import read_text


def page(lines: list[str], height: int = 30) -> bytes:
    picture = Image.new("RGB", (900, 20 + len(lines) * (height + 14)), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(height)
    for number, line in enumerate(lines):
        draw.text((12, 8 + number * (height + 14)), line, "black", font)
    sink = BytesIO()
    picture.save(sink, "PNG")
    return sink.getvalue()


def test_lines_go_to_the_model_and_boxes_to_the_screen(context: ToolContext) -> None:
    attach(context, page(["Open daily", "9 to 5"]))
    output = read_text.invoke({"image": "img-1"}, context)
    assert output.text == "img-1里的文字：\nOpen daily\n9 to 5"
    assert [line["text"] for line in output.details["lines"]] == ["Open daily", "9 to 5"]
    assert len(output.details["lines"][0]["box"]) == 4
    assert output.handles == ()


def test_a_picture_without_text_is_an_answer_not_an_error(context: ToolContext) -> None:
    attach(context, png())
    assert read_text.invoke({"image": "img-1"}, context).text == "img-1里没有文字。"


def test_what_it_waits_for_is_shown(context: ToolContext, shown: list[Activity]) -> None:
    attach(context, png())
    read_text.invoke({"image": "img-1"}, context)
    assert [activity.note for activity in shown if activity.note] == ["正在识别文字"]


def test_the_model_gets_whole_lines_of_a_long_page(
    context: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MODEL_CHARACTERS", 25)
    attach(context, page([f"line number {n}" for n in range(1, 5)]))
    output = read_text.invoke({"image": "img-1"}, context)
    assert output.text == "img-1里的文字：\nline number 1\n（后面还有3行）"
    assert len(output.details["lines"]) == 4
