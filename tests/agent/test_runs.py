"""A run: its events in order, its one end, its neighbours."""

import threading
import time
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from PIL import Image

from agent.context import current_run
from agent.history import INTERRUPTED
from models.errors import EngineUnavailable, InvalidRequest, NotFound, OutOfMemory
from tests.agent.conftest import Colour, MakeWorld, Nothing
from tests.agent.scripted import SilentModel
from tools.context import ToolContext
from tools.contract import ToolOutput, tool


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """Types in order, without repetitions and activity; custom events by name."""
    names = [e["name"] if e["type"] == "CUSTOM" else e["type"] for e in events]
    names = [name for name in names if name != "ACTIVITY_SNAPSHOT"]
    return [name for i, name in enumerate(names) if i == 0 or names[i - 1] != name]


def words(events: list[dict[str, Any]]) -> str:
    return "".join(e["delta"] for e in events if e["type"] == "TEXT_MESSAGE_CONTENT")


def steps(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [e["value"] for e in events if e.get("name") == "duomo.step"]


def test_a_turn_with_a_tool_tells_its_events_in_order(make_world: MakeWorld) -> None:
    world = make_world(("paint", '{"colour": "red"}'), "画好了，是 img-2。")
    run_id = world.ask("画一块红", files=[world.upload("blue")])
    events = world.told(run_id)
    assert kinds(events) == [
        "RUN_STARTED",
        "duomo.user",
        "TOOL_CALL_START",
        "TOOL_CALL_ARGS",
        "TOOL_CALL_END",
        "TOOL_CALL_RESULT",
        "duomo.step",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]
    assert events[1]["value"]["attachments"][0]["handle"] == "img-1"
    assert events[1]["value"]["text"] == "画一块红"
    assert "".join(e["delta"] for e in events if e["type"] == "TOOL_CALL_ARGS") == (
        '{"colour": "red"}'
    )
    assert words(events) == "画好了，是 img-2。"
    assert events[-1]["outcome"] == {"type": "success"}
    assert world.runs.get(run_id).state == "finished"


def test_a_step_carries_its_artifacts_times_and_details(make_world: MakeWorld) -> None:
    world = make_world(("paint", '{"colour": "red", "count": 2}'), "好")
    events = world.told(world.ask("画"))
    (step,) = steps(events)
    assert step["state"] == "done"
    assert [view["handle"] for view in step["artifacts"]] == ["img-1", "img-2"]
    assert step["details"] == {"colour": "red"}
    assert step["runSeconds"] >= 0
    activity = [e for e in events if e.get("activityType") == "duomo.step"]
    assert activity[0]["content"]["state"] == "running"
    assert activity[0]["messageId"] == step["toolCallId"]


def test_the_model_reads_attachments_as_handles_before_the_words(make_world: MakeWorld) -> None:
    world = make_world("好")
    world.told(world.ask("读一下", files=[world.upload("red"), world.upload("blue")]))
    assert world.model.seen[0][-1].text == "[img-1][img-2]读一下"


def test_a_model_that_does_not_stream_is_told_all_the_same(make_world: MakeWorld) -> None:
    world = make_world(("paint", '{"colour": "red"}'), "画好了", model=SilentModel)
    events = world.told(world.ask("画"))
    assert words(events) == "画好了"
    assert "TOOL_CALL_END" in kinds(events)


def test_the_calls_of_one_reply_number_their_results_in_order(make_world: MakeWorld) -> None:
    world = make_world(
        [("paint", '{"colour": "red"}'), ("paint", '{"colour": "blue", "count": 2}')], "好"
    )
    events = world.told(world.ask("画两种"))
    handles = [[view["handle"] for view in step["artifacts"]] for step in steps(events)]
    assert handles == [["img-1"], ["img-2", "img-3"]]
    assert kinds(events).count("TOOL_CALL_START") == 2


def test_an_unexpected_error_ends_the_run_with_a_plain_sentence(
    make_world: MakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world = make_world(ZeroDivisionError("/secret/path"))
    run_id = world.ask("你好")
    events = world.told(run_id)
    assert kinds(events)[-4:] == [
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "duomo.error",
        "RUN_ERROR",
    ]
    assert "意外" in events[-1]["message"]
    assert "secret" not in str(events)
    assert "ZeroDivisionError" in caplog.text
    assert world.runs.get(run_id).state == "failed"


def test_a_typed_error_says_in_the_run_what_to_do(make_world: MakeWorld) -> None:
    world = make_world(OutOfMemory("内存不够，请换小一点的配置。", "Out of memory."))
    run_id = world.ask("你好")
    events = world.told(run_id)
    assert events[-2]["value"] == {
        "code": "out_of_memory",
        "zh": "内存不够，请换小一点的配置。",
        "en": "Out of memory.",
    }
    assert events[-1]["code"] == "out_of_memory"
    assert world.runs.get(run_id).reason == "内存不够，请换小一点的配置。"


def test_after_a_failed_turn_the_conversation_goes_on(make_world: MakeWorld) -> None:
    world = make_world(ZeroDivisionError(), "现在好了")
    conversation = world.conversation()
    world.told(world.ask("一", conversation))
    assert words(world.told(world.ask("二", conversation))) == "现在好了"
    roles = [message.type for message in world.model.seen[1]]
    assert roles == ["system", "human", "ai", "human"]


def test_cancel_ends_a_running_tool_within_a_second(make_world: MakeWorld) -> None:
    world = make_world(("linger", "{}"), "下一轮")
    conversation = world.conversation()
    run_id = world.ask("等", conversation)
    for stored in world.events.follow(run_id):
        if stored.event.get("activityType") == "duomo.step":
            break
    began = time.monotonic()
    world.runs.cancel(run_id)
    events = world.told(run_id)
    assert time.monotonic() - began < 1
    assert {"state": "stopping", "position": None} in [event.get("content") for event in events]
    assert steps(events)[-1]["state"] == "cancelled"
    assert events[-1]["outcome"] == {"type": "cancelled"}
    assert words(world.told(world.ask("二", conversation))) == "下一轮"
    roles = [message.type for message in world.model.seen[1]]
    assert roles == ["system", "human", "ai", "tool", "ai", "human"]


def test_after_a_stop_between_two_calls_each_has_one_result(make_world: MakeWorld) -> None:
    world = make_world([("paint", '{"colour": "red"}'), ("linger", "{}")], "下一轮")
    conversation = world.conversation()
    run_id = world.ask("画了再等", conversation)
    _until(lambda: "在等" in str([s.json for s in world.events.replay(run_id=run_id)]))
    world.runs.cancel(run_id)
    states = [step["state"] for step in steps(world.told(run_id))]
    assert states == ["done", "cancelled"]
    world.told(world.ask("二", conversation))
    seen = world.model.seen[1]
    assert [m.type for m in seen] == ["system", "human", "ai", "tool", "tool", "ai", "human"]
    assert [m.text for m in seen if isinstance(m, ToolMessage)] == ["画好了：img-1", INTERRUPTED]


def test_cancel_ends_a_decoding_model(make_world: MakeWorld, gate: threading.Event) -> None:
    world = make_world(gate)
    run_id = world.ask("等")
    _until(lambda: "等" in words([e.event for e in world.events.replay(run_id=run_id)]))
    world.runs.cancel(run_id)
    events = world.told(run_id)
    assert kinds(events)[-2:] == ["TEXT_MESSAGE_END", "RUN_FINISHED"]
    assert world.runs.get(run_id).state == "cancelled"


def test_two_runs_of_a_conversation_go_one_after_the_other(
    make_world: MakeWorld, gate: threading.Event
) -> None:
    world = make_world(gate, "第二个")
    conversation = world.conversation()
    first, second = world.ask("一", conversation), world.ask("二", conversation)
    waiting = [e.event for e in world.events.replay(run_id=second)]
    assert waiting[1]["value"]["text"] == "二"  # shown before its turn
    assert waiting[-1]["content"] == {"state": "queued", "position": 1}
    assert world.runs.get(second).state == "queued"
    gate.set()
    world.told(second)
    ends = [e.run_id for e in world.events.replay(conversation_id=conversation) if e.ends_run]
    assert ends == [first, second]


def test_a_waiting_run_is_cancelled_at_once_and_the_other_goes_on(
    make_world: MakeWorld, gate: threading.Event
) -> None:
    world = make_world(gate, "第三个")
    conversation = world.conversation()
    first, second, third = (world.ask(text, conversation) for text in "一二三")
    world.runs.cancel(second)
    assert world.told(second)[-1]["outcome"] == {"type": "cancelled"}
    assert world.runs.get(first).state == "running"
    gate.set()
    assert words(world.told(third)) == "第三个"


def test_conversations_run_side_by_side(make_world: MakeWorld, gate: threading.Event) -> None:
    world = make_world(gate, "快的")
    slow = world.ask("慢")
    _until(lambda: len(world.model.seen) == 1)
    assert words(world.told(world.ask("快"))) == "快的"
    assert world.runs.get(slow).state == "running"


def test_runs_of_a_dead_engine_are_closed_with_the_reason(make_world: MakeWorld) -> None:
    world = make_world()
    conversation = world.conversation()
    run = world.events.runs.create(conversation)
    assert world.runs.recover() == 1
    assert world.told(run.id)[-1]["type"] == "RUN_ERROR"
    assert "意外退出" in (world.runs.get(run.id).reason or "")
    assert world.runs.recover() == 0


def test_closing_ends_what_runs_with_the_reason(
    make_world: MakeWorld, gate: threading.Event
) -> None:
    world = make_world(gate)
    conversation = world.conversation()
    running, waiting = world.ask("一", conversation), world.ask("二", conversation)
    world.runs.close()
    for run_id in (running, waiting):
        assert world.told(run_id)[-1]["code"] == "engine_unavailable"
    with pytest.raises(EngineUnavailable):
        world.ask("三", conversation)


def test_nothing_said_is_refused(make_world: MakeWorld) -> None:
    with pytest.raises(InvalidRequest):
        make_world().ask("  ")


def test_an_unknown_attachment_or_conversation_is_not_found(make_world: MakeWorld) -> None:
    world = make_world()
    with pytest.raises(NotFound):
        world.ask("看", files=["0" * 64])
    with pytest.raises(NotFound):
        world.ask("看", conversation="none")


def test_the_first_words_become_the_title(make_world: MakeWorld) -> None:
    world = make_world("好", "好")
    conversation = world.conversation()
    world.told(world.ask("帮我找几张\n有拱桥的图", conversation))
    world.told(world.ask("再来", conversation))
    assert world.events.conversations.get(conversation).title == "帮我找几张 有拱桥的图"


def test_a_forgotten_conversation_leaves_no_words(
    make_world: MakeWorld, gate: threading.Event
) -> None:
    world = make_world("我的秘密", gate)
    conversation = world.conversation()
    world.told(world.ask("秘密是什么", conversation))
    world.ask("再等等", conversation)
    world.runs.forget(conversation)
    assert world.events.replay(conversation_id=conversation) == []
    assert world.events.conversations.list() == []
    with pytest.raises(NotFound):
        world.ask("还在吗", conversation)


def _until(true: Any, seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.005)


def test_tools_find_their_run_on_whatever_thread_they_are_called(make_world: MakeWorld) -> None:
    found: list[tuple[str, str | None]] = []

    @tool(title_zh="谁", title_en="Who", icon="person")
    def who(arguments: Colour, context: ToolContext) -> ToolOutput:
        """在哪个线程、为哪次运行。"""
        run = current_run.get()
        found.append((threading.current_thread().name, run and run.run_id))
        return ToolOutput("好")

    one, two = ("who", '{"colour": "red"}'), ("who", '{"colour": "blue"}')
    world = make_world(one, "好", [one, two], "好", tools=[who])
    first = world.ask("一个")
    world.told(first)
    second = world.ask("两个")
    world.told(second)
    assert [run for _, run in found] == [first, second, second]
    assert (
        len({thread for thread, _ in found}) > 1
    )  # the calls of one reply have threads of their own


def test_deleting_does_not_wait_for_a_tool_that_never_stops(
    make_world: MakeWorld, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    @tool(title_zh="聋", title_en="Deaf", icon="hearing_disabled")
    def deaf(arguments: Nothing, context: ToolContext) -> ToolOutput:
        """不听停止。"""
        gate.wait()
        context.progress(1.0, "太晚了")
        return ToolOutput("太晚了")

    monkeypatch.setattr("agent.runs.CLOSE_SECONDS", 0.1)
    world = make_world(("deaf", "{}"), "好", tools=[deaf])
    conversation = world.conversation()
    run_id = world.ask("等", conversation)
    _until(lambda: any("duomo.step" in s.json for s in world.events.replay(run_id=run_id)))
    world.runs.forget(conversation)
    gate.set()
    world.runs.close()
    assert world.events.replay(conversation_id=conversation) == []


def test_every_new_preview_is_told_and_progress_without_one_only_now_and_then(
    make_world: MakeWorld,
) -> None:
    @tool(title_zh="画", title_en="Draw", icon="brush")
    def draw(arguments: Nothing, context: ToolContext) -> ToolOutput:
        """画很多步。"""
        for number in range(12):
            picture = Image.new("RGB", (8, 8), "red" if number < 6 else "blue")
            preview = context.keep_preview(picture) if number % 6 == 5 else None
            context.progress(number / 12, f"第{number}步", preview)
        return ToolOutput("画好了")

    world = make_world(("draw", "{}"), "好", tools=[draw])
    told = [e.get("content") for e in world.told(world.ask("画"))]
    shown = [content for content in told if isinstance(content, dict) and "preview" in content]
    previews = [content["preview"] for content in shown if content["preview"]]
    assert len(previews) == len(set(previews)) == 2
    assert len(shown) < 8
