"""`read_text`: the text in a picture."""

from typing import Annotated, Any

from tools import replies
from tools.context import ToolContext
from tools.contract import Arguments, ImageHandle, ToolOutput, tool
from tools.marks import Cue

_MODEL_CHARACTERS = 4000  # the screen shows all of it, the language model reads this much


_CUE = "[字文写读念认识牌号印标招价菜单抄录摘提题词联诗]|原话|内容|(?i:ocr|text)"


class ReadText(Arguments):
    image: Annotated[ImageHandle, Cue(_CUE)]


@tool(title_zh="识别文字", title_en="Read text", icon="text_fields", roles=("ocr",))
def read_text(arguments: ReadText, context: ToolContext) -> ToolOutput:
    """读出图片里的文字。"""
    picture = context.find(arguments.image, "image").sha256
    lines = context.remembered({"image": picture}, ("ocr",), lambda: _read(arguments, context))
    return ToolOutput(
        replies.text_in_image(arguments.image, _within_budget([line["text"] for line in lines])),
        details={"image": arguments.image, "lines": lines},
    )


def _read(arguments: ReadText, context: ToolContext) -> list[dict[str, Any]]:
    _, picture = context.image(arguments.image)
    context.progress(None, "正在识别文字")
    with context.lease("ocr") as recognizer:
        lines = recognizer.read(picture, context.cancel)
    return [{"text": x.text, "score": x.score, "box": x.box} for x in lines]


def _within_budget(lines: list[str]) -> list[str]:
    """Whole lines up to the budget, and how many were left out."""
    kept: list[str] = []
    characters = 0
    for line in lines:
        characters += len(line) + 1
        if characters > _MODEL_CHARACTERS:
            return [*kept, f"（后面还有{len(lines) - len(kept)}行）"]
        kept.append(line)
    return kept
