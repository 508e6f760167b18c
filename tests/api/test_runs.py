"""Asking over HTTP: runs, their events from any number, stopping, two at once, broken lines."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from api import streams
from api.client import Client, Transcript, fold
from models.errors import EngineUnavailable, InvalidRequest, NotFound
from tests.api.conftest import Running, Serve
from tests.fixtures.home import picture


def ask(running: Running, text: str, *attachments: str) -> str:
    conversation = running.client.create_conversation()
    return running.client.start_run(conversation.id, text, attachments).run_id


def played(running: Running, run_id: str) -> Transcript:
    return fold(Transcript(), running.client.run_events(run_id))


def test_a_question_is_answered_step_by_step(serve: Serve) -> None:
    running = serve(("score_image", '{"image": "img-1", "text": "红色"}'), "看起来是红色。")
    uploaded = running.client.upload(picture(), "红.png")
    (turn,) = played(running, ask(running, "这张图红吗", uploaded.sha256)).turns
    assert (turn.state, turn.answer) == ("finished", "看起来是红色。")
    assert [a.handle for a in turn.attachments] == ["img-1"]
    (step,) = turn.steps
    assert (step.tool, step.state) == ("score_image", "done")
    assert step.arguments == {"image": "img-1", "text": "红色"}
    assert step.run_seconds is not None


def test_events_replay_from_any_number(serve: Serve) -> None:
    running = serve("你好呀")
    run_id = ask(running, "你好")
    events = list(running.client.run_events(run_id))
    for after in range(len(events)):
        again = list(running.client.run_events(run_id, after=events[after].seq))
        assert again == events[after + 1 :]


def test_an_idle_stream_stays_alive(
    serve: Serve, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.05)
    running = serve(gate)
    url = f"{running.url}/api/runs/{ask(running, '等')}/events"
    with httpx.stream("GET", url) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert any(line.startswith(":") for line in answer.iter_lines())


def test_an_ended_run_with_nothing_more_says_so(serve: Serve) -> None:
    running = serve("好")
    run_id = ask(running, "你好")
    last = list(running.client.run_events(run_id))[-1]
    url = f"{running.url}/api/runs/{run_id}/events"
    assert httpx.get(url, headers={"Last-Event-ID": str(last.seq)}).status_code == 204


def test_each_event_carries_its_number_and_is_plain_ag_ui(serve: Serve) -> None:
    running = serve("好")
    run_id = ask(running, "你好")
    seen = list(running.client.run_events(run_id))
    body = httpx.get(f"{running.url}/api/runs/{run_id}/events").text
    events = [block for block in body.split("\n\n") if block.startswith("id: ")]
    assert [int(block.split("\n")[0][4:]) for block in events] == [e.seq for e in seen]
    first = json.loads(events[0].partition("data: ")[2])
    assert first["type"] == "RUN_STARTED"
    assert first["runId"] == run_id


def test_stop_ends_a_run_within_a_second(serve: Serve, gate: threading.Event) -> None:
    running = serve(gate)
    run_id = ask(running, "写一首长诗")
    events = running.client.run_events(run_id)
    for stored in events:
        if stored.event["type"] == "TEXT_MESSAGE_CONTENT":
            break
    began = time.monotonic()
    running.client.cancel_run(run_id)
    list(events)
    assert time.monotonic() - began < 1.0
    assert running.client.run(run_id).state == "cancelled"


def test_two_conversations_at_once_and_stop_touches_one(
    serve: Serve, gate: threading.Event
) -> None:
    running = serve(gate, gate)
    one, two = ask(running, "一"), ask(running, "二")
    running.client.cancel_run(one)
    assert played(running, one).turns[0].state == "cancelled"
    assert running.client.run(two).state in {"queued", "running"}
    gate.set()
    assert played(running, two).turns[0].state == "finished"


def test_a_conversation_streams_all_its_runs(serve: Serve) -> None:
    running = serve("第一", "第二")
    conversation = running.client.create_conversation()
    stream = running.client.conversation_stream(conversation.id)
    transcript = Transcript()
    for text in ("一", "二"):
        running.client.start_run(conversation.id, text)
        for stored in stream:
            transcript = fold(transcript, [stored])
            if transcript.turns[-1].ended:
                break
    assert [turn.answer for turn in transcript.turns] == ["第一", "第二"]
    assert transcript == running.client.transcript(conversation.id)


class Cut:
    """A TCP proxy that breaks its first connections in the middle of what they carry."""

    def __init__(self, port: int, breaks: int) -> None:
        self._port, self._breaks = port, breaks
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            limit = 700 if self.connections <= self._breaks else 10**9
            far = socket.create_connection(("127.0.0.1", self._port))
            threading.Thread(target=_pump, args=(near, far, 10**9), daemon=True).start()
            threading.Thread(target=_pump, args=(far, near, limit), daemon=True).start()

    def close(self) -> None:
        self._server.close()


def _pump(source: socket.socket, sink: socket.socket, limit: int) -> None:
    carried = 0
    try:
        while carried < limit and (data := source.recv(min(4096, limit - carried))):
            sink.sendall(data)
            carried += len(data)
    except OSError:
        pass
    for end in (source, sink):
        with suppress(OSError):  # the other direction has closed it
            end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def cut(serve: Serve) -> Iterator[tuple[Running, Cut]]:
    running = serve("一二三四五六七八九十" * 4)
    proxy = Cut(int(running.url.rpartition(":")[2]), breaks=3)
    yield running, proxy
    proxy.close()


def test_a_broken_stream_resumes_without_loss_or_repetition(cut: tuple[Running, Cut]) -> None:
    running, proxy = cut
    run_id = ask(running, "数数")
    with Client(proxy.url, patience=5.0) as client:
        through_breaks = list(client.run_events(run_id))
    assert proxy.connections > 2
    assert through_breaks == list(running.client.run_events(run_id))


def test_a_stream_of_a_dead_engine_ends_with_a_typed_error(
    serve: Serve, gate: threading.Event
) -> None:
    running = serve(gate)
    events = Client(running.url, patience=0.2).run_events(ask(running, "等"))
    next(events)
    running.stop()
    with pytest.raises(EngineUnavailable, match="duomo serve"):
        list(events)


def test_unknown_ids_are_not_found(serve: Serve) -> None:
    client = serve().client
    for call in (
        lambda: client.run("nope"),
        lambda: client.cancel_run("nope"),
        lambda: list(client.run_events("nope")),
        lambda: client.conversation("nope"),
        lambda: client.start_run("nope", "你好"),
        lambda: client.conversation_events("nope"),
        lambda: next(client.conversation_stream("nope")),
        lambda: client.delete_conversation("../about"),
    ):
        with pytest.raises(NotFound):
            call()


def test_an_attachment_must_exist(serve: Serve) -> None:
    running = serve("好")
    conversation = running.client.create_conversation()
    with pytest.raises(NotFound):
        running.client.start_run(conversation.id, "看", ["0" * 64])


def test_an_empty_turn_is_refused(serve: Serve) -> None:
    running = serve("好")
    conversation = running.client.create_conversation()
    with pytest.raises(InvalidRequest):
        running.client.start_run(conversation.id, "  \n ")


def test_conversations_are_named_renamed_and_deleted(serve: Serve) -> None:
    running = serve("好")
    conversation = running.client.create_conversation()
    list(running.client.run_events(running.client.start_run(conversation.id, "找桥").run_id))
    assert running.client.conversations()[0].title == "找桥"
    assert running.client.rename_conversation(conversation.id, "桥").title == "桥"
    running.client.delete_conversation(conversation.id)
    assert running.client.conversations() == ()
    with pytest.raises(NotFound):
        running.client.conversation(conversation.id)


def test_deleting_a_conversation_ends_its_run_and_its_stream(
    serve: Serve, gate: threading.Event
) -> None:
    running = serve(gate)
    conversation = running.client.create_conversation()
    run_id = running.client.start_run(conversation.id, "等").run_id
    events = running.client.run_events(run_id)
    next(events)
    running.client.delete_conversation(conversation.id)
    with suppress(NotFound):  # gone before its last event was read
        list(events)
    with pytest.raises(NotFound):
        running.client.run(run_id)
