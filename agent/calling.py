"""Carries out a tool that a caller named, without the language model."""

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent.context import RunContext
from agent.narrator import begin_call
from agent.tooling import Step
from models.errors import error_named
from tools.contract import Tool

if TYPE_CHECKING:
    from agent.tooling import Workshop


def call(run: RunContext, tool: Tool, arguments: Mapping[str, Any], workshop: "Workshop") -> None:
    """One step of its own. Raises what the tool could not do, and Cancelled."""
    run.check_cancelled()
    call_id = f"call-{uuid.uuid4().hex[:12]}"
    begin_call(run, call_id, tool.name, arguments)
    _, value = Step(run, call_id).perform(tool, dict(arguments), workshop)
    if told := value.get("error"):
        raise error_named(told["code"], told["zh"], told["en"])
