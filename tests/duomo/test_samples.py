"""First questions: only what the tools that are offered can do."""

import pytest

from duomo.samples import MOST_SUGGESTED, suggestions
from tools.registry import discover

EVERY = tuple(discover())
WITHOUT_WEIGHTS_TO_DRAW = ("search_images", "find_similar_images", "read_text", "speak")


def test_with_every_tool_a_whole_task_comes_first() -> None:
    first, *_ = suggestions(EVERY)
    assert all(wanted in first for wanted in ("找一张", "看看", "读出来"))


def test_no_more_are_suggested_than_are_read() -> None:
    assert len(suggestions(EVERY)) == MOST_SUGGESTED


def test_nobody_is_told_to_draw_where_nothing_draws() -> None:
    assert not any("画一" in question for question in suggestions(WITHOUT_WEIGHTS_TO_DRAW))
    assert not any("生成" in question for question in suggestions(WITHOUT_WEIGHTS_TO_DRAW))


@pytest.mark.parametrize("tools", [(), ("score_image",)])
def test_without_a_fitting_tool_nothing_is_suggested(tools: tuple[str, ...]) -> None:
    assert suggestions(tools) == ()
