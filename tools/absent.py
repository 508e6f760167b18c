"""A tool whose checkpoints the profile lacks. The language model knows it all the same: it plans
alike in every profile, and a call ends the turn with the reason and the way out, not a guess."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from models.errors import ToolAbsent
from tools.context import ToolContext
from tools.contract import Tool, ToolOutput

_REMARK = "（现在的档位用不了）"


@dataclass(frozen=True)
class AbsentTool(Tool):
    def invoke(self, raw: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Raises ToolAbsent whatever the arguments."""
        del raw, context
        raise ToolAbsent(
            f"我现在还不会{self.title_zh}：这个档位没有这样的模型。到“模型与显存”换成完整档就可以。",
            f"I cannot {self.title_en.lower()} yet: this profile has no such model. "
            "Choose a full profile on the page “Models and memory”.",
        )


def absent(tool: Tool) -> Tool:
    """`tool` as a profile without its roles has it."""
    own = {field.name: getattr(tool, field.name) for field in fields(tool)}
    return AbsentTool(**{**own, "description": tool.description + _REMARK, "roles": ()})
