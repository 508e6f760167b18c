"""Tools as steps of a run: LangChain calls them, the event log shows them.

A step never raises but `Cancelled`: an error of a tool becomes the result that the model reads.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ag_ui.core import ActivitySnapshotEvent, CustomEvent, ToolCallResultEvent
from langchain.tools import ToolRuntime
from langchain_core.tools import BaseTool, StructuredTool

from agent.context import RunContext, running
from agent.texts import expanded
from agent.views import StepState, artifact_view, error_view, step_value
from models.errors import Cancelled, DuomoError, ToolFailed, ToolRetry
from tools.answer_cache import AnswerCache
from tools.artifacts import ArtifactStore
from tools.context import Activity, ToolContext
from tools.contract import Tool, ToolOutput
from tools.recall import Recall
from tools.registry import schema

if TYPE_CHECKING:
    from models.residency import Residency
    from retrieval.library import Library

logger = logging.getLogger(__name__)

SHOW_SECONDS = 0.2  # progress is shown at most this often; a new state or picture always
STOPPED = "已停止。"
_KEPT = ("artifacts", "details", "error", "question")


@dataclass(frozen=True)
class Workshop:
    """What tools work with."""

    artifacts: ArtifactStore
    library: "Callable[[], Library]"  # opened when a tool first searches
    residency: "Residency"
    answers: AnswerCache | None = None


def as_langchain(tools: Iterable[Tool], workshop: Workshop) -> list[BaseTool]:
    """Tools for `create_agent`; their artifact is the JSON value of the `duomo.step` event."""
    return [_as_langchain(tool, workshop) for tool in tools]


def _as_langchain(tool: Tool, workshop: Workshop) -> BaseTool:
    def call(runtime: ToolRuntime[Any, Any], **arguments: Any) -> tuple[str, dict[str, Any]]:
        assert runtime.tool_call_id is not None
        step = Step(running(), runtime.tool_call_id)
        try:
            whole = expanded(arguments, runtime.state["messages"])
        except ToolRetry as error:
            return step.fail(error)
        return step.perform(tool, whole, workshop)

    function = schema(tool)["function"]
    return StructuredTool(
        name=tool.name,
        description=function["description"],
        args_schema=function["parameters"],
        func=call,
        response_format="content_and_artifact",
    )


class Step:
    """One tool call: its activity, its times and its end, as events.

    `rerun_of`: SHA-256 of the results that it makes anew.
    """

    def __init__(self, run: RunContext, call_id: str, rerun_of: Sequence[str] = ()) -> None:
        self._run = run
        self._call_id = call_id
        self._rerun_of = tuple(rerun_of)
        self._began = time.monotonic()
        self._queued = 0.0
        self._load = 0.0
        self._shown_state = ""
        self._shown_at = 0.0

    def perform(
        self, tool: Tool, arguments: dict[str, Any], workshop: Workshop
    ) -> tuple[str, dict[str, Any]]:
        """Run `tool`; the text for the model and the value of its `duomo.step` event."""
        try:
            output = tool.invoke(arguments, self._context(workshop))
        except Cancelled:
            self._end("cancelled", STOPPED)
            raise
        except DuomoError as error:
            return self.fail(error)
        except Exception:  # a bug in one tool is the end of one step, not of the conversation
            logger.exception("%s failed in run %s", tool.name, self._run.run_id)
            return self.fail(_unexpected())
        return self._succeed(output, workshop.artifacts)

    def fail(self, error: DuomoError) -> tuple[str, dict[str, Any]]:
        """End the step with an error; a `ToolRetry` is marked as the model's to correct."""
        asked = {"question": error.question} if isinstance(error, ToolRetry) else {}
        return self._end("failed", error.zh, error=error_view(error), **asked)

    def skip(self, text: str) -> tuple[str, dict[str, Any]]:
        """End the step without carrying it out: a person said so."""
        return self._end("skipped", text)

    def repeat(self, text: str, value: dict[str, Any]) -> None:
        """End the step with the result that the same call had before."""
        kept = {key: value[key] for key in _KEPT if key in value}
        self._end(value["state"], text, **kept)

    def _succeed(self, output: ToolOutput, artifacts: ArtifactStore) -> tuple[str, dict[str, Any]]:
        known = dict(artifacts.handles(self._run.conversation_id))
        views = [artifact_view(handle, known[handle]) for handle in output.handles]
        return self._end("done", output.text, artifacts=views, details=dict(output.details))

    def _context(self, workshop: Workshop) -> ToolContext:
        return ToolContext(
            conversation_id=self._run.conversation_id,
            run_id=self._run.run_id,
            call_id=self._call_id,
            cancel=self._run.cancel,
            artifacts=workshop.artifacts,
            open_library=workshop.library,
            residency=workshop.residency,
            on_activity=self._show,
            on_times=self._add_times,
            rerun_of=self._rerun_of,
            recall=Recall(workshop.answers, self._run.fresh),
        )

    def _add_times(self, queued_seconds: float, load_seconds: float) -> None:
        self._queued += queued_seconds
        self._load += load_seconds

    def _show(self, activity: Activity) -> None:
        now = time.monotonic()
        if activity.state != self._shown_state:
            self._shown_state, self._shown_at = activity.state, 0.0  # its first progress shows too
        elif activity.preview_sha is None and now - self._shown_at < SHOW_SECONDS:
            return
        else:
            self._shown_at = now
        content = {
            "state": activity.state,
            "position": activity.position,
            "fraction": activity.fraction,
            "note": activity.note,
            "preview": activity.preview_sha,
        }
        self._run.record(
            ActivitySnapshotEvent(
                message_id=self._call_id, activity_type="duomo.step", content=content
            )
        )

    def _end(self, state: StepState, text: str, **more: Any) -> tuple[str, dict[str, Any]]:
        value = {**step_value(self._call_id, state), **self._times(), **more}
        self._run.record(
            ToolCallResultEvent(
                message_id=f"{self._call_id}-result", tool_call_id=self._call_id, content=text
            )
        )
        self._run.record(CustomEvent(name="duomo.step", value=value))
        self._run.open_calls.discard(self._call_id)
        return text, value

    def _times(self) -> dict[str, float]:
        run_seconds = time.monotonic() - self._began - self._queued - self._load
        return {
            "queuedSeconds": round(self._queued, 3),
            "loadSeconds": round(self._load, 3),
            "runSeconds": round(max(run_seconds, 0.0), 3),
        }


def error_code(value: Any) -> str:
    """Of the error that a step ended with; empty where it did not."""
    return str(value.get("error", {}).get("code", "")) if isinstance(value, dict) else ""


def is_retry(value: Any) -> bool:
    """Whether a step ended with something that the model could correct."""
    return error_code(value) == ToolRetry.code


def _unexpected() -> ToolFailed:
    return ToolFailed(
        "这个工具出了意外的问题，没有结果。", "The tool failed unexpectedly; there is no result."
    )
