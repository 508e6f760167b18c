"""The whole loop on a real local model: tiny and of random weights, so it says anything."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from agent.build import build_agent, open_memory
from agent.chat_model import DuomoChatModel
from agent.events import EventLog
from agent.runs import Runs
from agent.tooling import Workshop, as_langchain
from models.residency import Residency
from models.roles.llm import Sampling
from tests.agent.conftest import look, paint
from tools.artifacts import ArtifactStore


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    opened = EventLog(tmp_path / "events.db")
    yield opened
    opened.close()


def make_runs(log: EventLog, home: Path, residency: Residency, sampling: Sampling) -> Runs:
    artifacts = ArtifactStore(home / "artifacts")
    tools = as_langchain([look, paint], Workshop(artifacts, cast(Any, None), residency))
    model = DuomoChatModel(residency=residency, sampling=sampling)
    agent = build_agent(model, tools, open_memory(home / "memory.db"))
    return Runs(log, artifacts, lambda: agent)


def check_well_formed(events: list[dict[str, Any]]) -> None:
    """Everything opened is closed, inside the run, and the run ends once."""
    assert events[0]["type"] == "RUN_STARTED"
    terminal = [e for e in events if e["type"] in ("RUN_FINISHED", "RUN_ERROR")]
    assert terminal == [events[-1]]
    for start, end, key in (
        ("TEXT_MESSAGE_START", "TEXT_MESSAGE_END", "messageId"),
        ("TOOL_CALL_START", "TOOL_CALL_END", "toolCallId"),
        ("TOOL_CALL_START", "TOOL_CALL_RESULT", "toolCallId"),
    ):
        opened = [e[key] for e in events if e["type"] == start]
        assert opened == [e[key] for e in events if e["type"] == end]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_the_model_says_the_run_ends_well(
    tmp_path: Path, log: EventLog, residency: Residency, seed: int
) -> None:
    sampling = Sampling(temperature=1.0, seed=seed, max_new_tokens=48)
    runs = make_runs(log, tmp_path, residency, sampling)
    conversation = log.conversations.create().id
    for text in ("画一块红", "再来"):
        events = [s.event for s in log.follow(runs.start(conversation, text))]
        check_well_formed(events)
        assert events[-1]["type"] == "RUN_FINISHED", events[-1]
        said = "".join(e["delta"] for e in events if e["type"] == "TEXT_MESSAGE_CONTENT")
        assert "<|" not in said
        assert "\N{REPLACEMENT CHARACTER}" not in said
    runs.close()


def test_stop_frees_the_device_within_a_second(
    tmp_path: Path, log: EventLog, residency: Residency
) -> None:
    runs = make_runs(log, tmp_path, residency, Sampling(temperature=1.0, max_new_tokens=900))
    run_id = runs.start(log.conversations.create().id, "说下去")
    stopped = 0.0
    for stored in log.follow(run_id):
        if stored.event["type"] == "TEXT_MESSAGE_CONTENT" and not stopped:
            stopped = time.monotonic()
            runs.cancel(run_id)
    assert stopped
    with residency.lease("llm"):
        assert time.monotonic() - stopped < 1
    assert runs.get(run_id).state == "cancelled"
    runs.close()


def test_two_conversations_share_the_device(
    tmp_path: Path, log: EventLog, residency: Residency
) -> None:
    runs = make_runs(log, tmp_path, residency, Sampling(max_new_tokens=24))
    ids = [runs.start(log.conversations.create().id, "你好") for _ in range(3)]
    ends: list[str] = []

    def follow(run_id: str) -> None:
        ends.append([s.event["type"] for s in log.follow(run_id)][-1])

    followers = [threading.Thread(target=follow, args=(run_id,)) for run_id in ids]
    for follower in followers:
        follower.start()
    for follower in followers:
        follower.join(20)
    assert ends == ["RUN_FINISHED"] * 3
    runs.close()
