"""`score_image`: how well a text fits a picture."""

from typing import Annotated

from pydantic import Field

from tools import replies
from tools.checks import Sentence
from tools.context import ToolContext
from tools.contract import Arguments, ImageHandle, ToolOutput, tool
from tools.marks import Due, Passage

_WEIGHT = 2.5  # Hessel et al., CLIPScore (EMNLP 2021), equation 1


_DUE = Due("打(?:个|一个|下)?(?:图文|匹配)?分|匹配[分度]|图文分")


class ScoreImage(Arguments):
    image: ImageHandle
    text: Annotated[Sentence, Passage(), _DUE] = Field(
        description="要对照的文字，最多200字", min_length=1, max_length=200
    )


def clip_score(cosine: float) -> float:
    """CLIPScore = 2.5 · max(cosine, 0) (Hessel et al. 2021), 0 to 2.5."""
    return _WEIGHT * max(cosine, 0.0)


def _cosine(arguments: ScoreImage, context: ToolContext) -> float:
    _, picture = context.image(arguments.image)
    with context.lease("clip") as clip:
        [image], [text] = clip.embed_images([picture]), clip.embed_texts([arguments.text])
    return float(image @ text)  # rows are unit vectors


@tool(title_zh="图文评分", title_en="Score picture and text", icon="grade", roles=("clip",))
def score_image(arguments: ScoreImage, context: ToolContext) -> ToolOutput:
    """给图片和一句话的相符程度打分。"""
    inputs = {
        "image": context.find(arguments.image, "image").sha256,
        "text": arguments.text,
    }
    [cosine] = context.remembered(inputs, ("clip",), lambda: [_cosine(arguments, context)])
    score = clip_score(cosine)
    return ToolOutput(
        replies.scored(arguments.image, score, cosine),
        details={"clip_score": score, "cosine": cosine},
    )
