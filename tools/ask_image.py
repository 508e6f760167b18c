"""`ask_image`: a question about a picture, or its description."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from models.errors import ToolFailed
from tools import replies
from tools.checks import Sentence
from tools.context import ToolContext
from tools.contract import Arguments, ImageHandle, ToolOutput, tool
from tools.marks import Question
from tools.recall import same_question

DESCRIBE = "描述一下这张图。"
UNSEEN = "这个我看不出来。"  # an answer that the starter's language model has met in training
_SHOWN_EVERY = 16  # characters: every note is stored, so not one for each token


class AskImage(Arguments):
    image: ImageHandle
    question: Annotated[Sentence, Question()] = Field(
        "", description="关于图片的问题，空着就是描述", max_length=500
    )


@tool(title_zh="看图回答", title_en="Look and answer", icon="visibility", roles=("vlm",))
def ask_image(arguments: AskImage, context: ToolContext) -> ToolOutput:
    """看图回答问题，或者描述图片。"""
    question = arguments.question or DESCRIBE
    inputs = {
        "image": context.find(arguments.image, "image").sha256,
        "question": same_question(question),
    }
    answer = context.remembered(
        inputs, ("vlm",), lambda: _looked(arguments.image, question, context)
    )
    return ToolOutput(
        replies.answered(answer),
        details={"image": arguments.image, "question": question, "answer": answer},
    )


def _looked(handle: str, question: str, context: ToolContext) -> str:
    source, image = context.image(handle)
    context.progress(None, "正在看图")
    with context.lease("vlm", size=image.width * image.height) as vlm:
        if not source.lineage.is_drawn and not vlm.knows(image):
            return UNSEEN
        answer: str = vlm.answer(image, question, on_text=_Progress(context))
    if not answer:
        raise ToolFailed(
            "模型看了图，但没有说出什么。请换个问法再试。",
            "The model looked and had nothing to say; ask in other words.",
        )
    return answer


@dataclass
class _Progress:
    """Shows the answer while it is written, and ends it when the person stops."""

    context: ToolContext
    text: str = ""
    shown: int = 0

    def __call__(self, piece: str) -> None:
        self.context.check_cancelled()
        self.text += piece
        if len(self.text) - self.shown >= _SHOWN_EVERY:
            self.shown = len(self.text)
            self.context.progress(None, self.text)
