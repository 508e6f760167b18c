"""Steps in a person's hands over HTTP: answers, refusals, reruns, and a restart in between."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from api.client import Client, Step, Transcript, Turn, fold
from api.run_schemas import StoredEventView
from models.errors import AlreadyAnswered, InvalidRequest, NotFound
from tests.api.conftest import Running, Serve
from tests.fixtures.home import picture

SCORE = ("score_image", '{"image": "img-1", "text": "红色"}')
ASKS = ("score_image",)


def asked(running: Running, question: str = "这张图红吗") -> tuple[str, str]:
    """A run that waits with one step, by its conversation and its own id."""
    conversation = running.client.create_conversation()
    uploaded = running.client.upload(picture(), "红.png")
    run = running.client.start_run(conversation.id, question, [uploaded.sha256])
    for stored in running.client.run_events(run.run_id):
        if stored.event.get("name") == "duomo.approval":
            break
    return conversation.id, run.run_id


def the_turn(client: Client, conversation: str, index: int = -1) -> Turn:
    return client.transcript(conversation).turns[index]


def to_its_end(client: Client, run_id: str) -> Turn:
    (turn,) = fold(Transcript(), client.run_events(run_id)).turns
    return turn


def test_a_waiting_step_is_seen_and_its_arguments_changed(serve: Serve) -> None:
    running = serve(SCORE, "不红。", ask_before=ASKS)
    conversation, run_id = asked(running)
    turn = the_turn(running.client, conversation)
    (step,) = turn.steps
    assert (turn.state, step.state) == ("waiting", "waiting")
    assert running.client.run(run_id).state == "waiting"
    with pytest.raises(InvalidRequest, match="缺少参数text"):
        running.client.answer_step(run_id, step.call_id, "change", {"image": "img-1"})
    changed = {"image": "img-1", "text": "蓝色"}
    running.client.answer_step(run_id, step.call_id, "change", changed)
    (step,) = to_its_end(running.client, run_id).steps
    assert (step.state, step.arguments) == ("done", changed)
    with pytest.raises(AlreadyAnswered):
        running.client.answer_step(run_id, step.call_id, "approve")


def test_two_who_answer_at_once_decide_once(serve: Serve) -> None:
    running = serve(SCORE, "好。", ask_before=ASKS)
    conversation, run_id = asked(running)
    (step,) = the_turn(running.client, conversation).steps
    outcomes: list[str] = []

    def answer() -> None:
        try:
            running.client.answer_step(run_id, step.call_id, "approve")
        except AlreadyAnswered:
            outcomes.append("refused")
        else:
            outcomes.append("taken")

    tabs = [threading.Thread(target=answer) for _ in range(4)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert sorted(outcomes) == ["refused"] * 3 + ["taken"]
    assert len(to_its_end(running.client, run_id).steps) == 1


def test_a_step_waits_through_a_restart_of_the_engine(serve: Serve) -> None:
    first = serve(SCORE, ask_before=ASKS)
    conversation, run_id = asked(first)
    first.stop()
    running = serve("你跳过了。", ask_before=ASKS)
    turn = the_turn(running.client, conversation)
    assert turn.state == "waiting"
    running.client.answer_step(run_id, turn.steps[0].call_id, "skip")
    turn = to_its_end(running.client, run_id)
    assert (turn.state, turn.steps[0].state, turn.answer) == ("finished", "skipped", "你跳过了。")


def test_stop_ends_a_waiting_run(serve: Serve) -> None:
    running = serve(SCORE, ask_before=ASKS)
    _, run_id = asked(running)
    running.client.cancel_run(run_id)
    turn = to_its_end(running.client, run_id)
    assert (turn.state, turn.steps[0].state) == ("cancelled", "cancelled")


def test_a_step_is_rerun_with_other_arguments(serve: Serve, folder_of_pictures: Path) -> None:
    search = ("search_images", '{"query": "红色", "top_k": 1}')
    running = serve(search, SCORE, "找到了。")
    index(running.client, folder_of_pictures)
    conversation = running.client.create_conversation().id
    run = running.client.start_run(conversation, "找一张红的，打分")
    found, scored = to_its_end(running.client, run.run_id).steps
    rerun = running.client.rerun_step(conversation, found.call_id, {"query": "红色", "top_k": 2})
    turn = to_its_end(running.client, rerun.run_id)
    (again,) = turn.steps
    assert [view.handle for view in again.artifacts] == ["img-2", "img-3"]
    assert again.rerun_of == found.call_id
    assert turn.offered == (scored.call_id,)
    followed = to_its_end(running.client, running.client.rerun_dependants(rerun.run_id).run_id)
    (step,) = followed.steps
    assert followed.follows == rerun.run_id
    assert (step.tool, step.arguments) == ("score_image", {"image": "img-2", "text": "红色"})
    before = running.client.transcript(conversation).steps[found.call_id]
    assert [view.handle for view in before.artifacts] == ["img-1"]


def test_what_cannot_be_done_is_refused_with_its_reason(serve: Serve) -> None:
    running = serve("好。")
    client, conversation = running.client, running.client.create_conversation().id
    run_id = client.start_run(conversation, "你好").run_id
    refused: list[Callable[[], object]] = [
        lambda: client.answer_step(run_id, "none", "approve"),
        lambda: client.answer_step("none", "none", "approve"),
        lambda: client.rerun_step(conversation, "none", {}),
        lambda: client.rerun_step("none", "none", {}),
        lambda: client.rerun_dependants(run_id),
    ]
    for call in refused:
        with pytest.raises(NotFound):
            call()
    with pytest.raises(InvalidRequest, match="choice"):
        client.answer_step(run_id, "none", "maybe")


def test_tools_say_what_their_arguments_may_be(serve: Serve) -> None:
    tools = {tool.name: tool for tool in serve().client.about().tools}
    fields = tools["search_images"].parameters["properties"]
    assert fields["top_k"] == {
        "default": 4,
        "description": "要几张，1到20",
        "maximum": 20,
        "minimum": 1,
        "type": "integer",
    }
    assert fields["query"]["maxLength"] == 200
    assert tools["search_images"].parameters["required"] == ["query"]


def test_a_name_that_is_no_tool_cannot_ask(serve: Serve) -> None:
    with pytest.raises(InvalidRequest, match="ask_before"):
        serve(ask_before=("draw",)).client.about()


def test_an_answer_of_a_log_that_makes_no_sense_changes_nothing() -> None:
    def told(seq: int, **event: object) -> StoredEventView:
        return StoredEventView(seq=seq, run_id="r", created=0.0, event=event)

    events = [
        told(1, type="CUSTOM", name="duomo.rerun", value={"steps": "x", "after": 3}),
        told(2, type="CUSTOM", name="duomo.offer", value={"toolCallIds": [1, "a"]}),
        told(3, type="TOOL_CALL_START", toolCallId="c", toolCallName="speak"),
        told(4, type="CUSTOM", name="duomo.approval", value={"toolCallId": "c", "arguments": 7}),
    ]
    (turn,) = fold(Transcript(), events).turns
    assert turn.offered == ("a",)
    assert turn.follows is None
    assert isinstance(turn.blocks[0], Step)


@pytest.fixture
def folder_of_pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    for colour in ("red", "blue", "green"):
        (folder / f"{colour}.png").write_bytes(picture(colour))
    return folder


def index(client: Client, folder: Path) -> None:
    client.index([folder])
    done = threading.Event()
    while not done.wait(0.02):
        job = client.index_job()
        if job is not None and job.state not in {"queued", "running"}:
            return
