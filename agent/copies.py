"""Runs of one conversation as those of another: under ids of their own."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent.conversations import Run
from agent.events import RestoredRun

Told = tuple[float, Mapping[str, Any]]
"""When an event was created, and the event as it goes over the wire."""


def under_new_ids(
    conversation_id: str, runs: Sequence[tuple[Run, Sequence[Told]]]
) -> list[RestoredRun]:
    """`runs` for `conversation_id`, in the same order. Ids of steps and messages stay: they are
    looked up within their conversation."""
    new = [uuid.uuid4().hex for _ in runs]
    renamed = {run.id: run_id for (run, _), run_id in zip(runs, new, strict=True)}
    return [
        (
            replace(run, id=run_id, conversation_id=conversation_id),
            [(at, _under(event, conversation_id, run_id, renamed)) for at, event in told],
        )
        for (run, told), run_id in zip(runs, new, strict=True)
    ]


def _under(
    event: Mapping[str, Any], conversation_id: str, run_id: str, renamed: Mapping[str, str]
) -> str:
    ids = {"threadId": conversation_id, "runId": run_id}
    changed = {**event, **{key: value for key, value in ids.items() if key in event}}
    if event.get("name") == "duomo.rerun" and isinstance(value := event.get("value"), dict):
        after = value.get("after")
        known = renamed.get(after) if isinstance(after, str) else None
        changed["value"] = {**value, "after": known}
    return json.dumps(changed, ensure_ascii=False)
