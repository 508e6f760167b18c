"""How artifacts, errors and steps look in events."""

from typing import Any, Literal

from models.errors import DuomoError
from tools.artifacts import Artifact

StepState = Literal["done", "failed", "cancelled", "skipped"]


def artifact_view(handle: str, artifact: Artifact) -> dict[str, Any]:
    """`width`, `height` in px, `seconds` of sound; null where they do not apply."""
    return {
        "handle": handle,
        "sha256": artifact.sha256,
        "kind": artifact.kind,
        "mime": artifact.mime,
        "name": artifact.name,
        "width": artifact.width,
        "height": artifact.height,
        "seconds": artifact.seconds,
        "label": artifact.label,
    }


def error_view(error: DuomoError) -> dict[str, str]:
    return {"code": error.code, "zh": error.zh, "en": error.en}


def step_value(call_id: str, state: StepState) -> dict[str, Any]:
    """The value of a `duomo.step` event of a step that had no time to do anything."""
    times = {"queuedSeconds": 0.0, "loadSeconds": 0.0, "runSeconds": 0.0}
    return {"toolCallId": call_id, "state": state, **times, "artifacts": [], "details": {}}
