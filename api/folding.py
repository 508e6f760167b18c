"""Events → transcript: one pure fold over the event log.

`fold(transcript, events)` never changes its input, ignores events it has already seen (so a
resumed stream may repeat itself), and gives the same result whether the events come at once
or one by one. Events are AG-UI 1.0; unknown ones are skipped.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, cast

from pydantic import ValidationError

from api.artifact_schemas import ArtifactView
from api.run_schemas import RunState, StoredEventView
from api.schemas import ErrorView
from api.transcript import (
    STEP_ENDED,
    Said,
    Step,
    StepState,
    Thinking,
    ThinkingState,
    Transcript,
    Turn,
)

_STEP_STATES = frozenset({"queued", "loading", "running"})
_THINKING_STATES = frozenset({"queued", "loading", "thinking", "stopping"})


def fold(transcript: Transcript, events: Iterable[StoredEventView]) -> Transcript:
    """The transcript after `events`, which come in order of their sequence numbers."""
    for stored in events:
        if stored.seq > transcript.last_seq:
            transcript = _one(transcript, stored)
    return transcript


def is_terminal(event: dict[str, Any]) -> bool:
    """True for the last event of a run."""
    return event.get("type") in {"RUN_FINISHED", "RUN_ERROR"}


def _one(transcript: Transcript, stored: StoredEventView) -> Transcript:
    turns = transcript.turns
    index = next((i for i, turn in enumerate(turns) if turn.run_id == stored.run_id), len(turns))
    before = turns[index] if index < len(turns) else Turn(stored.run_id, started=stored.created)
    after = _apply(before, stored)
    return Transcript((*turns[:index], after, *turns[index + 1 :]), stored.seq)


def _apply(turn: Turn, stored: StoredEventView) -> Turn:
    handler = _HANDLERS.get(str(stored.event.get("type")))
    return turn if handler is None else handler(turn, stored)


Handler = Callable[[Turn, StoredEventView], Turn]


# Blocks: find one by its id, change it, or add it at the end


def _text_of(event: dict[str, Any], key: str) -> str:
    value = event.get(key)
    return value if isinstance(value, str) else ""


def _with_block(turn: Turn, block: Said | Step) -> Turn:
    key = _key(block)
    blocks = tuple(block if _key(old) == key else old for old in turn.blocks)
    if all(_key(old) != key for old in turn.blocks):
        blocks = (*blocks, block)
    return replace(turn, blocks=blocks)


def _key(block: Said | Step) -> tuple[str, str]:
    if isinstance(block, Step):
        return "step", block.call_id
    return "reasoning" if block.reasoning else "text", block.message_id


def _said(turn: Turn, event: dict[str, Any], *, reasoning: bool) -> Said:
    wanted = Said(_text_of(event, "messageId"), reasoning=reasoning)
    found = next((b for b in turn.blocks if _key(b) == _key(wanted)), wanted)
    return cast(Said, found)


def _step(turn: Turn, call_id: str, tool: str = "") -> Step:
    wanted = Step(call_id, tool)
    return next((step for step in turn.steps if step.call_id == call_id), wanted)


# One handler per event type


def _run_started(turn: Turn, stored: StoredEventView) -> Turn:
    return replace(turn, state="running", started=stored.created)


def _speaks(*, reasoning: bool, ends: bool = False) -> Handler:
    def handle(turn: Turn, stored: StoredEventView) -> Turn:
        said = _said(turn, stored.event, reasoning=reasoning)
        text = said.text + _text_of(stored.event, "delta")
        spoken = replace(said, text=text, complete=said.complete or ends)
        return replace(_with_block(turn, spoken), thinking=None if text else turn.thinking)

    return handle


def _call_started(turn: Turn, stored: StoredEventView) -> Turn:
    step = _step(turn, _text_of(stored.event, "toolCallId"))
    rerun_of = dict(turn.rerun_of).get(step.call_id)
    named = replace(step, tool=_text_of(stored.event, "toolCallName"), rerun_of=rerun_of)
    return replace(_with_block(turn, named), thinking=None)


def _call_arguments(turn: Turn, stored: StoredEventView) -> Turn:
    step = _step(turn, _text_of(stored.event, "toolCallId"))
    written = step.arguments_json + _text_of(stored.event, "delta")
    return _with_block(turn, replace(step, arguments_json=written))


def _call_ended(turn: Turn, stored: StoredEventView) -> Turn:
    step = _step(turn, _text_of(stored.event, "toolCallId"))
    if step.state != "writing":
        return turn
    return _with_block(turn, replace(step, state="queued"))


def _call_result(turn: Turn, stored: StoredEventView) -> Turn:
    step = _step(turn, _text_of(stored.event, "toolCallId"))
    return _with_block(turn, replace(step, text=_text_of(stored.event, "content")))


def _activity(turn: Turn, stored: StoredEventView) -> Turn:
    content = stored.event.get("content")
    if not isinstance(content, dict):
        return turn
    kind = stored.event.get("activityType")
    if kind == "duomo.llm":
        return _thinks(turn, content)
    if kind == "duomo.step":
        return _progresses(turn, _text_of(stored.event, "messageId"), content)
    return turn


def _thinks(turn: Turn, content: dict[str, Any]) -> Turn:
    state = _text_of(content, "state")
    if state not in _THINKING_STATES or turn.ended:
        return turn
    position = _whole(content.get("position"))
    return replace(turn, thinking=Thinking(cast(ThinkingState, state), position))


def _progresses(turn: Turn, call_id: str, content: dict[str, Any]) -> Turn:
    step, state = _step(turn, call_id), _text_of(content, "state")
    if step.ended or state not in _STEP_STATES:
        return turn
    moved = replace(
        step,
        state=cast(StepState, state),
        position=_whole(content.get("position")),
        fraction=_number(content.get("fraction")),
        note=_text_of(content, "note"),
        preview=_text_of(content, "preview") or step.preview,  # the last one stays until the next
    )
    return replace(_with_block(turn, moved), thinking=None)  # it is the step that goes on now


def _custom(turn: Turn, stored: StoredEventView) -> Turn:
    name, value = stored.event.get("name"), stored.event.get("value")
    if not isinstance(value, dict):
        return turn
    if name == "duomo.user":
        return replace(turn, text=_text_of(value, "text"), attachments=_views(value, "attachments"))
    if name == "duomo.step":
        return _step_ends(turn, value)
    if name == "duomo.approval":
        return _approval(turn, value)
    if name == "duomo.rerun":
        return _rerun(turn, value)
    if name == "duomo.offer":
        return replace(turn, offered=_texts(value.get("toolCallIds")))
    if name == "duomo.error":
        return replace(turn, error=_error(value))
    return turn


def _step_ends(turn: Turn, value: dict[str, Any]) -> Turn:
    step, state = _step(turn, _text_of(value, "toolCallId")), _text_of(value, "state")
    details = value.get("details")
    ended = replace(
        step,
        state=cast(StepState, state) if state in STEP_ENDED else "done",
        queued_seconds=_number(value.get("queuedSeconds")),
        load_seconds=_number(value.get("loadSeconds")),
        run_seconds=_number(value.get("runSeconds")),
        artifacts=_views(value, "artifacts"),
        details=details if isinstance(details, dict) else {},
        error=_error(value.get("error")),
    )
    return _with_block(turn, ended)


def _approval(turn: Turn, value: dict[str, Any]) -> Turn:
    step = _step(turn, _text_of(value, "toolCallId"))
    if step.ended:
        return turn
    changed = value.get("arguments")
    asked = replace(
        step,
        state="waiting" if value.get("state") == "waiting" else "queued",
        arguments_json=json.dumps(changed) if isinstance(changed, dict) else step.arguments_json,
    )
    told = _with_block(turn, asked)
    waits = any(other.state == "waiting" for other in told.steps)
    return replace(told, state="waiting" if waits else "running", thinking=None)


def _rerun(turn: Turn, value: dict[str, Any]) -> Turn:
    steps = value.get("steps")
    named = [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    pairs = tuple((_text_of(step, "toolCallId"), _text_of(step, "of")) for step in named)
    return replace(turn, rerun_of=pairs, follows=_text_of(value, "after") or None)


def _run_finished(turn: Turn, stored: StoredEventView) -> Turn:
    outcome = stored.event.get("outcome")
    cancelled = isinstance(outcome, dict) and outcome.get("type") == "cancelled"
    if cancelled:
        return _ended(turn, "cancelled", "cancelled", stored.created)
    return _ended(turn, "finished", "done", stored.created)


def _run_failed(turn: Turn, stored: StoredEventView) -> Turn:
    message = _text_of(stored.event, "message")
    plain = ErrorView(code=_text_of(stored.event, "code") or "error", zh=message, en=message)
    told = replace(turn, error=turn.error or plain)
    return _ended(told, "failed", "failed", stored.created)


def _ended(turn: Turn, state: RunState, step_state: StepState, when: float) -> Turn:
    """A run that ends closes what it left open."""
    blocks = tuple(_closed(block, step_state) for block in turn.blocks)
    return replace(turn, state=state, blocks=blocks, thinking=None, ended_at=when)


def _closed(block: Said | Step, step_state: StepState) -> Said | Step:
    if isinstance(block, Said):
        return replace(block, complete=True)
    return block if block.ended else replace(block, state=step_state)


# Values of the wire, read without trust


_EXACT = 2**53
"""Whole numbers up to here survive JSON; larger ones come from no honest engine."""


def _whole(value: object) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _EXACT
    return cast(int, value) if whole else None


def _number(value: object) -> float | None:
    return value if isinstance(value, float) else _whole(value)


def _texts(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list) else []
    return tuple(item for item in items if isinstance(item, str))


def _views(value: dict[str, Any], key: str) -> tuple[ArtifactView, ...]:
    items = value.get(key)
    if not isinstance(items, list):
        return ()
    views = (_parsed(ArtifactView, item) for item in items)
    return tuple(view for view in views if isinstance(view, ArtifactView))


def _error(value: object) -> ErrorView | None:
    parsed = _parsed(ErrorView, value)
    return parsed if isinstance(parsed, ErrorView) else None


def _parsed(model: type[ArtifactView] | type[ErrorView], value: object) -> Any:
    try:
        return model.model_validate(value)
    except ValidationError:
        return None


_HANDLERS: dict[str, Handler] = {
    "RUN_STARTED": _run_started,
    "TEXT_MESSAGE_START": _speaks(reasoning=False),
    "TEXT_MESSAGE_CONTENT": _speaks(reasoning=False),
    "TEXT_MESSAGE_END": _speaks(reasoning=False, ends=True),
    "REASONING_MESSAGE_START": _speaks(reasoning=True),
    "REASONING_MESSAGE_CONTENT": _speaks(reasoning=True),
    "REASONING_MESSAGE_END": _speaks(reasoning=True, ends=True),
    "TOOL_CALL_START": _call_started,
    "TOOL_CALL_ARGS": _call_arguments,
    "TOOL_CALL_END": _call_ended,
    "TOOL_CALL_RESULT": _call_result,
    "ACTIVITY_SNAPSHOT": _activity,
    "CUSTOM": _custom,
    "RUN_FINISHED": _run_finished,
    "RUN_ERROR": _run_failed,
}
