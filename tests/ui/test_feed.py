"""A feed shows a conversation as the engine has it, while it happens and after a restart."""

import threading
import time

import pytest

from api.client import Transcript
from tests.api.conftest import Serve
from ui.web.feed import KEPT, Feed, Feeds


def ended(feed: Feed, seconds: float = 10.0) -> Transcript:
    deadline = time.monotonic() + seconds
    transcript = feed.refresh()
    while transcript.running and time.monotonic() < deadline:
        transcript = feed.wait(transcript.last_seq, 0.5)
    return transcript


@pytest.fixture
def held(serve: Serve, gate: threading.Event) -> Feed:
    """Of a conversation whose one turn goes on when the gate opens."""
    running = serve(gate)
    conversation = running.client.create_conversation()
    running.client.start_run(conversation.id, "等一下")
    return Feed(running.client, conversation.id)


def test_a_feed_brings_what_happens_without_being_asked_again(
    held: Feed, gate: threading.Event
) -> None:
    first = held.refresh()
    assert first.running
    gate.set()
    last = held.wait(first.last_seq, 5.0)
    while last.running:
        last = held.wait(last.last_seq, 5.0)
    assert last.turns[0].answer == "等到了"


def test_two_tabs_share_one_feed_and_a_new_process_folds_the_same(serve: Serve) -> None:
    running = serve("你好。", "再见。")
    conversation = running.client.create_conversation()
    feeds = Feeds(running.client)
    feed = feeds.of(conversation.id)
    assert feeds.of(conversation.id) is feed
    for question in ("在吗", "走了"):
        running.client.start_run(conversation.id, question)
        ended(feed)
    fresh = Feed(running.client, conversation.id).refresh()
    assert fresh == feed.refresh()
    assert [turn.answer for turn in fresh.turns] == ["你好。", "再见。"]


def test_waiting_without_news_returns_in_time(serve: Serve) -> None:
    running = serve()
    feed = Feed(running.client, running.client.create_conversation().id)
    transcript = feed.refresh()
    begun = time.monotonic()
    assert feed.wait(transcript.last_seq, 0.1) is transcript
    assert time.monotonic() - begun < 2.0


def test_a_feed_waits_until_there_is_something_of_a_turn(held: Feed, gate: threading.Event) -> None:
    held.refresh()
    threading.Timer(0.2, gate.set).start()
    assert held.wait_until(lambda transcript: bool(transcript.turns[0].blocks), 5.0).turns[0].blocks
    assert held.now().turns[0].blocks


def test_old_conversations_are_dropped_from_memory(serve: Serve) -> None:
    feeds = Feeds(serve().client)
    first = feeds.of("a")
    for number in range(KEPT):
        feeds.of(f"b{number}")
    assert feeds.of("a") is not first
