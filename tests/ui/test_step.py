"""What stands beside a step's result."""

import pytest

from api.client import Step
from api.system_schemas import ToolView, Words
from ui.web.components import step as shown

EDIT = ToolView(
    name="edit_image",
    title_zh="改图",
    title_en="Edit",
    icon="edit",
    limits=Words(zh="只会改插画。", en="Illustrations only."),
)


@pytest.mark.parametrize(
    ("note", "left"), [("只会改插画。", ""), ("没有这种风格。", "没有这种风格。")]
)
def test_limits_that_the_tool_remarks_on_are_said_once(
    monkeypatch: pytest.MonkeyPatch, note: str, left: str
) -> None:
    monkeypatch.setattr(shown, "tool_of", lambda _: EDIT)
    assert shown._remark(Step("t1", "edit_image", "done", details={"note": note})) == left
    assert shown._remark(Step("t1", "edit_image", "done")) == ""
