"""A branch: a new conversation that begins as another one did, up to one of its turns.

The log is append-only, so nothing is taken from the other one; the events are copied under new
ids, files are shared by their hash and keep their handles. The one commit point is the row of the
new conversation, as with an import.
"""

import re
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from agent.conversations import Conversation, Run
from agent.copies import Told, under_new_ids
from agent.events import EventLog
from duomo.bundle import LEFT_OUT
from duomo.importing import Remember, memory_of
from models.errors import InvalidRequest, NotFound
from tools.artifacts import ArtifactStore

_MARK = re.compile(r"^↳\d* ")
_TITLE_LENGTH = 190  # characters; the mark comes before it
_VIEWS = {"duomo.user": "attachments", "duomo.step": "artifacts"}


def branch(
    conversation_id: str,
    run_id: str,
    *,
    before: bool,
    events: EventLog,
    artifacts: ArtifactStore,
    remember: Remember,
) -> Conversation:
    """`before`: without the turn `run_id` itself.

    Raises NotFound (conversation, or no such turn in it), InvalidRequest (a turn that would be
    copied has not ended), DiskFull; nothing is left of it then.
    """
    title = _title(events, conversation_id)
    now = time.time()
    made = Conversation(uuid.uuid4().hex, title, now, now, branch_of=conversation_id)
    copied = _copied(events, conversation_id, run_id, before=before)
    runs = under_new_ids(made.id, copied)
    try:
        artifacts.copy_handles(conversation_id, made.id, _handles(copied))
        remember(made.id, memory_of(runs))
        events.restore(made, runs)
    except BaseException:
        artifacts.forget(made.id)
        raise
    return made


def _copied(
    events: EventLog, conversation_id: str, run_id: str, *, before: bool
) -> list[tuple[Run, list[Told]]]:
    """The runs up to `run_id`, in the order in which a person sees them."""
    told: dict[str, list[Told]] = {}
    for stored in events.replay(conversation_id=conversation_id):
        kept = told.setdefault(stored.run_id, [])
        if stored.event["type"] not in LEFT_OUT:
            kept.append((stored.created, stored.event))
    if run_id not in told:
        raise NotFound("这个对话里没有这一轮。", "This conversation has no such turn.")
    ids = list(told)
    runs = [events.runs.get(known) for known in ids[: ids.index(run_id) + (not before)]]
    if any(run.ended is None for run in runs):
        raise InvalidRequest(
            "前面还有没答完的，等它答完再从这里分出新对话。",
            "A turn up to there has not ended. Wait for it, then branch off.",
        )
    return [(run, told[run.id]) for run in runs]


def _handles(runs: Iterable[tuple[Run, Sequence[Told]]]) -> list[str]:
    """Of the files that the turns show, each once."""
    views = (view for _, told in runs for _, event in told for view in _views(event))
    return list(dict.fromkeys(view["handle"] for view in views))


def _views(event: Any) -> Iterator[dict[str, Any]]:
    if (key := _VIEWS.get(event.get("name"))) is not None:
        yield from event["value"][key]


def _title(events: EventLog, conversation_id: str) -> str:
    """`↳ title`, numbered from the second on: it says where it comes from, in any language."""
    base = _MARK.sub("", events.conversations.get(conversation_id).title)[:_TITLE_LENGTH]
    taken = {conversation.title for conversation in events.conversations.list()}
    number = 1
    while (title := f"↳{number if number > 1 else ''} {base}".rstrip()) in taken:
        number += 1
    return title
