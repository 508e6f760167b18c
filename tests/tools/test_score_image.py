import pytest

from tests.tools.conftest import attach, png
from tools.context import ToolContext
from tools.score_image import clip_score, score_image


@pytest.mark.parametrize(("cosine", "score"), [(0.3, 0.75), (0.0, 0.0), (-0.2, 0.0), (1.0, 2.5)])
def test_clip_score_is_that_of_the_paper(cosine: float, score: float) -> None:
    assert clip_score(cosine) == pytest.approx(score)


def test_scores_a_picture_against_a_text(context: ToolContext) -> None:
    attach(context, png())
    output = score_image.invoke({"image": "img-1", "text": "一张红色的图"}, context)
    cosine = output.details["cosine"]
    assert -1 <= cosine <= 1
    assert output.details["clip_score"] == pytest.approx(2.5 * max(cosine, 0))
    assert output.text == f"img-1的图文分{output.details['clip_score']:.2f}，余弦{cosine:.2f}"
