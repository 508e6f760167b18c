"""The models that may be asked for words."""

from typing import Any

from models.errors import NotFound

AGENT, LANGUAGE_MODEL = "duomo", "duomo-llm"
_CREATED = 1_795_824_000  # Unix seconds; when these names were given


class ModelNotFound(NotFound):
    code = "model_not_found"


def views() -> list[dict[str, Any]]:
    return [view(AGENT), view(LANGUAGE_MODEL)]


def view(name: str) -> dict[str, Any]:
    """Raises ModelNotFound."""
    if name not in (AGENT, LANGUAGE_MODEL):
        raise ModelNotFound(
            f"没有模型 {name}，可用的有 {AGENT}（会用工具）和 {LANGUAGE_MODEL}（只有语言模型）。",
            f"No model {name}; there are {AGENT} (with tools) and {LANGUAGE_MODEL} (without).",
        )
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "duomo"}
