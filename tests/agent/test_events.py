"""The event log: order, following, death of the process."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ag_ui.core import (
    RunErrorEvent,
    RunFinishedEvent,
    RunStartedEvent,
    TextMessageContentEvent,
)

from agent.events import EventLog, StoredEvent
from models.errors import NotFound


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    opened = EventLog(tmp_path / "events.db")
    yield opened
    opened.close()


def words(text: str) -> TextMessageContentEvent:
    return TextMessageContentEvent(message_id="m", delta=text)


def begin(log: EventLog) -> tuple[str, str]:
    conversation = log.conversations.create().id
    run = log.runs.create(conversation).id
    log.append(conversation, run, RunStartedEvent(thread_id=conversation, run_id=run))
    return conversation, run


def finish(log: EventLog, conversation: str, run: str) -> None:
    log.end(run, "finished", [RunFinishedEvent(thread_id=conversation, run_id=run)])


def test_an_event_goes_out_as_the_protocol_spells_it(log: EventLog) -> None:
    conversation, run = begin(log)
    (stored,) = log.replay(run_id=run)
    assert stored.event["type"] == "RUN_STARTED"
    assert stored.event["threadId"] == conversation
    assert stored.event["timestamp"] == pytest.approx(time.time() * 1000, abs=10_000)


def test_replay_goes_on_after_a_number(log: EventLog) -> None:
    conversation, run = begin(log)
    numbers = [log.append(conversation, run, words(str(n))) for n in range(5)]
    rest = log.replay(run_id=run, after=numbers[2])
    assert [stored.event["delta"] for stored in rest] == ["3", "4"]


def test_numbers_grow_over_all_conversations_and_writers(log: EventLog) -> None:
    runs = [begin(log) for _ in range(4)]

    def write(ids: tuple[str, str]) -> list[int]:
        return [log.append(*ids, words("x")) for _ in range(50)]

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(write, runs))
    assert all(series == sorted(series) for series in numbers)
    assert len({n for series in numbers for n in series}) == 200


def test_every_follower_sees_every_event_once_in_order(log: EventLog) -> None:
    conversation, run = begin(log)
    with ThreadPoolExecutor(8) as pool:
        following = [pool.submit(lambda: [s.seq for s in log.follow(run)]) for _ in range(8)]
        for n in range(100):
            log.append(conversation, run, words(str(n)))
        finish(log, conversation, run)
        seen = [future.result(timeout=10) for future in following]
    assert all(numbers == seen[0] for numbers in seen)
    assert len(seen[0]) == 102


def test_a_follower_in_the_same_process_wakes_at_once(log: EventLog) -> None:
    conversation, run = begin(log)
    came: list[float] = []

    def follow() -> None:
        arrivals = ((time.monotonic(), stored) for stored in log.follow(run))
        came.extend(at for at, s in arrivals if s.event["type"] == "TEXT_MESSAGE_CONTENT")

    follower = threading.Thread(target=follow)
    follower.start()
    time.sleep(0.1)
    sent = time.monotonic()
    log.append(conversation, run, words("好"))
    finish(log, conversation, run)
    follower.join(5)
    assert came[0] - sent < 0.5


def test_a_commit_of_another_process_is_seen(log: EventLog, tmp_path: Path) -> None:
    conversation, run = begin(log)
    other = EventLog(tmp_path / "events.db")
    finish(other, conversation, run)
    other.close()
    assert [s.event["type"] for s in log.follow(run)][-1] == "RUN_FINISHED"


def test_following_a_conversation_sees_all_its_runs_until_told_to_stop(log: EventLog) -> None:
    conversation, run = begin(log)
    finish(log, conversation, run)
    second = log.runs.create(conversation).id
    log.append(conversation, second, words("二"))
    stop = threading.Event()
    seen = []
    for stored in log.follow_conversation(conversation, stop=stop):
        seen.append(stored.run_id)
        if len(seen) == 3:
            stop.set()
    assert seen == [run, run, second]


def test_a_run_ends_once(log: EventLog) -> None:
    conversation, run = begin(log)
    finish(log, conversation, run)
    assert not log.end(run, "failed", [RunErrorEvent(message="晚了")], "晚了")
    assert [s.event["type"] for s in log.replay(run_id=run)] == ["RUN_STARTED", "RUN_FINISHED"]
    assert log.runs.get(run).state == "finished"


def test_subscribers_hear_what_was_committed(log: EventLog) -> None:
    heard: list[StoredEvent] = []
    unsubscribe = log.subscribe(heard.append)
    conversation, run = begin(log)
    unsubscribe()
    log.append(conversation, run, words("没人听"))
    assert [stored.event["type"] for stored in heard] == ["RUN_STARTED"]
    assert log.replay(run_id=run)[0] == heard[0]


def test_what_others_say_of_a_run_never_follows_its_end(log: EventLog) -> None:
    conversation, run = begin(log)
    log.tell(run, words("early"))
    finish(log, conversation, run)
    log.tell(run, words("late"))
    log.tell("no-run", words("late"))
    types = [stored.event["type"] for stored in log.replay(conversation_id=conversation)]
    assert types == ["RUN_STARTED", "TEXT_MESSAGE_CONTENT", "RUN_FINISHED"]


def test_closing_ends_the_followers(log: EventLog, tmp_path: Path) -> None:
    other = EventLog(tmp_path / "other.db")
    _, run = begin(other)
    follower = threading.Thread(target=lambda: list(other.follow(run)))
    follower.start()
    time.sleep(0.05)
    other.close()
    follower.join(2)
    assert not follower.is_alive()


def test_following_a_run_that_is_not_there_ends(log: EventLog) -> None:
    assert list(log.follow("none")) == []


def test_conversations_come_last_used_first(log: EventLog) -> None:
    first, second = log.conversations.create("一"), log.conversations.create("二")
    log.conversations.touch(first.id, "不改名字")
    assert [c.title for c in log.conversations.list()] == ["一", "二"]
    assert log.conversations.rename(second.id, "新名字").title == "新名字"


def test_a_deleted_conversation_is_gone_with_its_events(log: EventLog) -> None:
    conversation, run = begin(log)
    log.conversations.delete(conversation)
    assert log.replay(conversation_id=conversation) == []
    with pytest.raises(NotFound):
        log.conversations.get(conversation)
    with pytest.raises(NotFound):
        log.runs.get(run)


WRITER = """
import sys
from pathlib import Path
from ag_ui.core import TextMessageContentEvent
from agent.events import EventLog
log = EventLog(Path(sys.argv[1]))
conversation = log.conversations.create().id
run = log.runs.create(conversation).id
print(run, flush=True)
for n in range(10**6):
    seq = log.append(conversation, run, TextMessageContentEvent(message_id="m", delta=str(n)))
    print(seq, flush=True)
"""


def test_what_was_shown_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        run = writer.stdout.readline().strip()
        shown = [int(writer.stdout.readline()) for _ in range(200)]
        os.kill(writer.pid, signal.SIGKILL)
    log = EventLog(path)
    stored = log.replay(run_id=run)
    assert [s.seq for s in stored][: len(shown)] == shown
    assert [s.event["delta"] for s in stored] == [str(n) for n in range(len(stored))]
    assert [r.id for r in log.runs.unfinished()] == [run]
    log.close()


def test_a_file_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "earlier.db"
    with sqlite3.connect(path) as db:
        db.execute(
            "CREATE TABLE conversations (id TEXT PRIMARY KEY, title TEXT NOT NULL,"
            " created REAL NOT NULL, updated REAL NOT NULL, deleted REAL) STRICT, WITHOUT ROWID"
        )
        db.execute("INSERT INTO conversations VALUES ('c', '桥', 1, 2, NULL)")
    db.close()
    for _ in range(2):  # the second time there is nothing to add
        log = EventLog(path)
        assert [(c.title, c.source) for c in log.conversations.list()] == [("桥", "person")]
        log.close()


def test_what_programs_ask_is_listed_only_when_asked_for(log: EventLog) -> None:
    person, program = log.conversations.create(), log.conversations.create(source="program")
    assert log.conversations.list() == [person]
    assert log.conversations.list("program") == [program]
