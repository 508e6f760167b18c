"""A turn: feedback on it, conversations that branch off at it, its answer read aloud."""

import json
import threading
import zipfile
from pathlib import Path

import pytest

from agent.events import StoredEvent
from api.client import Turn
from duomo.reading_aloud import sentences_of
from duomo.settings import Settings
from models.errors import InvalidRequest, NotFound
from tests.api.conftest import Running, Serve
from tests.fixtures.home import picture
from tools.labels import read_label

LOOK = ("score_image", '{"image": "img-1", "text": "红色"}')


def ask(running: Running, conversation: str, text: str, *files: str) -> str:
    run = running.client.start_run(conversation, text, files)
    list(running.client.run_events(run.run_id))
    return run.run_id


def begun(running: Running) -> str:
    return running.client.create_conversation().id


def told(turns: tuple[Turn, ...]) -> list[tuple[str, str, list[str | None]]]:
    return [(t.text, t.answer, [v.handle for v in t.attachments]) for t in turns]


def words_of(running: Running) -> list[str]:
    """What the model read at its last call, without the instructions."""
    return [message.text for message in running.model.seen[-1][1:]]


def test_feedback_is_kept_changed_and_taken_back(serve: Serve) -> None:
    first = serve("一。", "二。")
    conversation = begun(first)
    good, bad = ask(first, conversation, "甲"), ask(first, conversation, "乙")
    first.client.give_feedback(good, "down")
    first.client.give_feedback(good, "up", " 说得好 ")
    first.client.give_feedback(bad, "down")
    first.client.take_feedback_back(bad)
    first.client.take_feedback_back(bad)
    first.stop()
    given = serve().client.feedback(conversation)
    assert {run: (one.verdict, one.note) for run, one in given.items()} == {good: ("up", "说得好")}


def test_feedback_is_refused_where_there_is_no_answer(serve: Serve, gate: threading.Event) -> None:
    running = serve("一。", gate)
    conversation = begun(running)
    ended = ask(running, conversation, "甲")
    open_run = running.client.start_run(conversation, "乙").run_id
    with pytest.raises(InvalidRequest, match="还没有答完"):
        running.client.give_feedback(open_run, "up")
    with pytest.raises(NotFound):
        running.client.give_feedback("0" * 32, "up")
    with pytest.raises(InvalidRequest, match="最多1000字"):
        running.client.give_feedback(ended, "up", "长" * 1001)
    with pytest.raises(InvalidRequest, match="verdict"):
        running.client.give_feedback(ended, "maybe")
    assert running.client.feedback(conversation) == {}


def test_feedback_leaves_with_an_export_and_goes_with_its_conversation(
    serve: Serve, tmp_path: Path
) -> None:
    running = serve("一。", "二。")
    client, conversation = running.client, begun(running)
    ask(running, conversation, "甲")
    client.give_feedback(ask(running, conversation, "乙"), "down", "太短")
    client.export_conversation(conversation, tmp_path / "out.zip")
    client.delete_conversation(conversation)
    with pytest.raises(NotFound):
        client.feedback(conversation)
    assert not running.engine.events.feedback.of(conversation)
    back = client.import_conversation(tmp_path / "out.zip").id
    second = client.transcript(back).turns[1].run_id
    [given] = client.feedback(back).values()
    assert (given.run_id, given.verdict, given.note) == (second, "down", "太短")


def test_a_branch_begins_like_its_origin_and_goes_its_own_way(serve: Serve) -> None:
    running = serve("红的。", "蓝的。", "再见。", "又见。", "还是红的。")
    client, conversation = running.client, begun(running)
    red, blue = (client.upload(picture(c), f"{c}.png").sha256 for c in ("red", "blue"))
    ask(running, conversation, "看", red)
    second = ask(running, conversation, "再看", blue)
    ask(running, conversation, "谢谢")
    before = client.transcript(conversation).turns

    through = client.branch(conversation, second)
    assert (through.title, through.branch_of) == ("↳ 看", conversation)
    assert told(client.transcript(through.id).turns) == told(before[:2])
    ask(running, through.id, "第三问")
    assert words_of(running) == ["[img-1]看", "红的。", "[img-2]再看", "蓝的。", "第三问"]

    other = client.branch(conversation, second, before=True)
    assert other.title == "↳2 看"
    ask(running, other.id, "换一张", red)
    assert told(client.transcript(other.id).turns) == [
        ("看", "红的。", ["img-1"]),
        ("换一张", "还是红的。", ["img-2"]),
    ]
    assert words_of(running) == ["[img-1]看", "红的。", "[img-2]换一张"]
    assert client.transcript(conversation).turns == before


def test_a_branch_stays_whole_when_its_origin_is_deleted(serve: Serve, tmp_path: Path) -> None:
    running = serve("好。")
    client, conversation = running.client, begun(running)
    run = ask(running, conversation, "看", client.upload(picture(), "红.png").sha256)
    branch = client.branch(conversation, run)
    client.delete_conversation(conversation)
    assert client.conversation(branch.id).branch_of == conversation
    [turn] = client.transcript(branch.id).turns
    assert client.artifact(turn.attachments[0].sha256)
    client.export_conversation(branch.id, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert "files/img-1.png" in archive.namelist()
    client.delete_conversation(branch.id)
    with pytest.raises(NotFound):
        client.artifact_info(turn.attachments[0].sha256)


def test_a_branch_before_the_first_turn_is_empty(serve: Serve) -> None:
    running = serve("一。", "二。")
    client, conversation = running.client, begun(running)
    branch = client.branch(conversation, ask(running, conversation, "甲"), before=True)
    ask(running, branch.id, "乙")
    assert told(client.transcript(branch.id).turns) == [("乙", "二。", [])]
    assert words_of(running) == ["乙"]
    assert client.conversation(branch.id).title == "↳ 甲"


def test_a_step_that_was_carried_out_again_stays_so_in_a_branch(serve: Serve) -> None:
    running = serve(LOOK, "好。")
    client, conversation = running.client, begun(running)
    ask(running, conversation, "红吗", client.upload(picture(), "红.png").sha256)
    [step] = client.transcript(conversation).turns[0].steps
    again = {"image": "img-1", "text": "蓝色"}
    rerun = client.rerun_step(conversation, step.call_id, again).run_id
    list(client.run_events(rerun))
    turns = client.transcript(client.branch(conversation, rerun).id).turns
    assert turns[1].steps[0].rerun_of == turns[0].steps[0].call_id


def test_no_branch_where_there_is_nothing_whole_to_begin_with(
    serve: Serve, gate: threading.Event
) -> None:
    running = serve("一。", gate)
    client, conversation = running.client, begun(running)
    ask(running, conversation, "甲")
    open_run = client.start_run(conversation, "乙").run_id
    with pytest.raises(InvalidRequest, match="还有没答完的"):
        client.branch(conversation, open_run)
    with pytest.raises(NotFound):
        client.branch(conversation, "0" * 32)
    with pytest.raises(NotFound):
        client.branch(begun(running), open_run)
    assert len(client.conversations()) == 2
    assert client.transcript(client.branch(conversation, open_run, before=True).id).turns[0].ended


@pytest.fixture
def voiced(settings: Settings) -> None:
    profiles = settings.home / "profiles.toml"
    roles = profiles.read_text("utf-8").replace("roles = {", 'roles = { tts = "starter-tts",')
    profiles.write_text(roles, "utf-8")


@pytest.mark.usefixtures("voiced")
def test_an_answer_is_read_aloud_sentence_by_sentence(serve: Serve) -> None:
    running = serve("**你好**！看[这里](http://x)。\n```\n代码\n```\n再见")
    run = ask(running, conversation := begun(running), "甲")
    for number in range(3):
        sound = running.client.speech(run, number)
        assert sound
        assert read_label(sound) is not None
    for number in (3, -1):
        with pytest.raises(NotFound):
            running.client.speech(run, number)
    assert running.engine.artifacts.handles(conversation) == []


@pytest.mark.usefixtures("voiced")
def test_what_is_not_written_yet_is_waited_for(serve: Serve, gate: threading.Event) -> None:
    running = serve(gate)
    run = running.client.start_run(begun(running), "甲").run_id
    assert running.client.speech(run, 0) is None
    gate.set()
    list(running.client.run_events(run))
    assert running.client.speech(run, 0)


def test_a_finished_sentence_counts_while_the_next_is_written() -> None:
    def said(seq: int, kind: str, **event: str) -> StoredEvent:
        text = json.dumps({"type": f"TEXT_MESSAGE_{kind}", "messageId": "m", **event})
        return StoredEvent(seq, "c", "r", 0.0, text)

    words = [said(1, "CONTENT", delta="先说一"), said(2, "CONTENT", delta="句。再说")]
    assert sentences_of(words, is_over=False) == ["先说一句。"]
    assert sentences_of([*words, said(3, "END")], is_over=False) == ["先说一句。", "再说"]
    assert sentences_of(words, is_over=True) == ["先说一句。", "再说"]
