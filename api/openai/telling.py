"""The events of a run → what OpenAI's clients read of it, as a fold that says what is new."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.openai import links
from models.errors import Cancelled, error_named

Delta = dict[str, Any]


@dataclass
class Telling:
    """`deltas` are those of a message; all else is complete once the run has ended.

    `base`: the address of the engine, for links. `bare`: the run is the language model's alone,
    and its calls are the caller's.
    """

    base: str
    bare: bool = False
    usage: dict[str, Any] = field(default_factory=dict)
    finish_reason: str | None = None
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    _message: str = ""
    _spoken: bool = False

    def deltas(self, event: Mapping[str, Any]) -> list[Delta]:
        """What `event` adds to the message. Raises the error that the run ended with."""
        match event["type"]:
            case "TEXT_MESSAGE_CONTENT":
                return [self._words(event["messageId"], event["delta"])]
            case "REASONING_MESSAGE_CONTENT":
                return [{"reasoning_content": event["delta"]}]
            case "TOOL_CALL_START":
                return self._call(event["toolCallId"], event["toolCallName"])
            case "TOOL_CALL_ARGS":
                return self._arguments(event["toolCallId"], event["delta"])
            case "TOOL_CALL_RESULT":
                self._step(event["toolCallId"])["text"] = event["content"]
            case "CUSTOM" if event["name"] == "duomo.step":
                return self._ended(event["value"])
            case "CUSTOM" if event["name"] == "duomo.error":
                value = event["value"]
                raise error_named(value["code"], value["zh"], value["en"])
            case "RUN_FINISHED":
                self._finish(event)
        return []

    def extension(self) -> dict[str, Any]:
        """The field `duomo` of a message, or of the last chunk."""
        return {"steps": list(self.steps.values()), "artifacts": self.artifacts}

    def _words(self, message_id: str, text: str) -> Delta:
        between = "\n\n" if self._spoken and message_id != self._message else ""
        self._message, self._spoken = message_id, True
        return {"content": between + text}

    def _call(self, call_id: str, name: str) -> list[Delta]:
        number = len(self.steps)
        self.steps[call_id] = {"id": call_id, "tool": name, "arguments": ""}
        function = {"name": name, "arguments": ""}
        call = {"index": number, "id": call_id, "type": "function", "function": function}
        return [{"tool_calls": [call]}] if self.bare else []

    def _arguments(self, call_id: str, delta: str) -> list[Delta]:
        self.steps[call_id]["arguments"] += delta
        call = {"index": list(self.steps).index(call_id), "function": {"arguments": delta}}
        return [{"tool_calls": [call]}] if self.bare else []

    def _step(self, call_id: str) -> dict[str, Any]:
        return self.steps.setdefault(call_id, {"id": call_id, "tool": "", "arguments": ""})

    def _ended(self, value: Mapping[str, Any]) -> list[Delta]:
        views = [
            {**view, "url": links.artifact_url(self.base, view["sha256"])}
            for view in value.get("artifacts", ())
        ]
        self.artifacts += views
        step = self._step(value["toolCallId"])
        step |= {
            "arguments": _parsed(step["arguments"]),
            "state": value["state"],
            "details": value.get("details", {}),
            "error": value.get("error"),
            "artifacts": [view["handle"] for view in views],
            "queued_seconds": value["queuedSeconds"],
            "load_seconds": value["loadSeconds"],
            "run_seconds": value["runSeconds"],
        }
        return [self._words(value["toolCallId"], links.written(views))] if views else []

    def _finish(self, event: Mapping[str, Any]) -> None:
        if (event.get("outcome") or {}).get("type") == "cancelled":
            raise Cancelled
        calls = "tool_calls" if self.bare and self.steps else "stop"
        is_cut = (event.get("result") or {}).get("finishReason") == "length"
        self.finish_reason = "length" if is_cut else calls
        self.usage = _usage(event.get("usage") or [])


def _parsed(arguments: Any) -> Any:
    """The object that a call's JSON is; its text where it is none."""
    try:
        return json.loads(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        return arguments


def _usage(told: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Tokens of all replies of the language model in this run."""
    read = sum(one.get("inputTokens") or 0 for one in told)
    written = sum(one.get("outputTokens") or 0 for one in told)
    reused = sum(one.get("cachedInputTokens") or 0 for one in told)
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prompt_tokens_details": {"cached_tokens": reused},
    }
