"""A tool whose checkpoints the profile lacks. The language model knows it all the same: it plans
alike in every profile, and a call ends the turn with the reason and the way out, not a guess."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from models.errors import ToolAbsent
from tools.context import ToolContext
from tools.contract import Tool, ToolOutput

_REMARK = "（现在的配置用不了）"


@dataclass(frozen=True)
class AbsentTool(Tool):
    def invoke(self, raw: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Raises ToolAbsent whatever the arguments."""
        del raw, context
        raise ToolAbsent(
            f"没有{self.title_zh}的模型。请到“模型与显存”换一个配置。",
            f"This profile has no model for “{self.title_en}”. "
            "Choose another on the page “Models and memory”.",
        )


def absent(tool: Tool) -> Tool:
    """`tool` as a profile without its roles has it."""
    own = {field.name: getattr(tool, field.name) for field in fields(tool)}
    return AbsentTool(**{**own, "description": tool.description + _REMARK, "roles": ()})
