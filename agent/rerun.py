"""Past steps once more, with other arguments or other pictures: what a person may ask for.

A rerun is a run of its own in the same conversation. The old results stay as they are; the new
ones get new handles, and their lineage names what they were made anew from. It ends by offering
the steps that used the old results (`duomo.offer`), which a second run carries out together.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ag_ui.core import CustomEvent

from agent.approval import checked
from agent.steps import PastStep, steps_of
from agent.work import Redone
from models.errors import InvalidRequest, NotFound
from tools.contract import Tool

if TYPE_CHECKING:
    from agent.events import EventLog
    from agent.runs import Runs
    from agent.tooling import Workshop


@dataclass(frozen=True)
class Redo:
    """The step `of`, to be carried out as a new call."""

    of: PastStep
    arguments: Mapping[str, Any]
    call_id: str = field(default_factory=lambda: f"call-{uuid.uuid4().hex[:12]}")


class Reruns:
    """Starts them. Thread-safe. `workshop` is called on the worker thread."""

    def __init__(
        self,
        runs: "Runs",
        events: "EventLog",
        tools: Mapping[str, Tool],
        workshop: "Callable[[], Workshop]",
    ) -> None:
        self._runs = runs
        self._events = events
        self._tools = tools
        self._workshop = workshop

    def rerun(self, conversation_id: str, call_id: str, arguments: Mapping[str, Any]) -> str:
        """Carry one past step out with `arguments`; the id of the new run.

        Errors: `NotFound` (conversation, step, or its tool is no longer offered), `InvalidRequest`
        (arguments out of bounds, or the step has not ended), `EngineUnavailable`.
        """
        self._events.conversations.get(conversation_id)
        step = self._steps(conversation_id).get(call_id)
        if step is None:
            raise NotFound("这个对话里没有这一步。", "This conversation has no such step.")
        if step.state is None:
            raise InvalidRequest(
                "这一步还没有做完，做完了才能重做。", "This step has not ended; wait for it first."
            )
        redo = Redo(step, checked(self._tools, step.tool, arguments))
        return self._begin(conversation_id, [redo], {}, None)

    def rerun_dependants(self, run_id: str, call_ids: Sequence[str] | None = None) -> str:
        """Carry out what the rerun `run_id` offered, or those of it, with the new results.

        Errors: `NotFound` (no such run, or it offered nothing), `InvalidRequest` (not among what
        was offered), `EngineUnavailable`.
        """
        run = self._runs.get(run_id)
        offer = self._offer(run_id)
        offered: list[str] = offer["toolCallIds"]
        chosen = set(offered if call_ids is None else call_ids)
        if not chosen or not chosen <= set(offered):
            raise InvalidRequest(
                "只能重做提供的那几步。", "Only the steps that were offered can be carried out."
            )
        steps = self._steps(run.conversation_id)
        redos = [self._unchanged(steps[call_id]) for call_id in offered if call_id in chosen]
        return self._begin(run.conversation_id, redos, offer["replaced"], run_id)

    def _unchanged(self, step: PastStep) -> Redo:
        return Redo(step, checked(self._tools, step.tool, step.arguments))

    def _begin(
        self,
        conversation_id: str,
        redos: Sequence[Redo],
        replaced: Mapping[str, str],
        after: str | None,
    ) -> str:
        titles = "、".join(dict.fromkeys(self._tools[redo.of.tool].title_zh for redo in redos))
        words = f"换参数重做：{titles}" if after is None else f"用新的结果重做：{titles}"
        steps = [{"toolCallId": redo.call_id, "of": redo.of.call_id} for redo in redos]
        work = Redone(
            words,
            tuple(redos),
            replaced,
            self._tools,
            self._workshop,
            lambda: self._steps(conversation_id).values(),
        )
        told = CustomEvent(name="duomo.rerun", value={"steps": steps, "after": after})
        return self._runs.begin(conversation_id, words, work, told)

    def _steps(self, conversation_id: str) -> dict[str, PastStep]:
        return steps_of(self._events.replay(conversation_id=conversation_id))

    def _offer(self, run_id: str) -> dict[str, Any]:
        for stored in self._events.replay(run_id=run_id):
            if stored.event.get("name") == "duomo.offer":
                value: dict[str, Any] = stored.event["value"]
                return value
        raise NotFound("这一次没有可以接着重做的步骤。", "This run offered no further steps.")
