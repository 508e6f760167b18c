"""Argument models of tools that are planned: none today.

The starter learns their signatures beside those of today's tools, so that it can call them, or
say that a full profile can, from the first day.
"""

from typing import Any

from tools import registry
from tools.contract import Arguments

PLANNED: dict[str, type[Arguments]] = {}


def schemas() -> dict[str, dict[str, Any]]:
    """Name → OpenAI function schema: the tools that exist, and the planned ones beside them."""
    present = {name: registry.schema(tool) for name, tool in registry.discover().items()}
    planned = {name: _schema(name, model) for name, model in PLANNED.items()}
    return dict(sorted({**planned, **present}.items()))


def _schema(name: str, model: type[Arguments]) -> dict[str, Any]:
    """The function schema of a tool that has arguments but no function yet."""
    full = model.model_json_schema()
    required = full.get("required", [])
    parameters = {"type": "object", "properties": full["properties"], "required": required}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}
