"""Steps that wait for a person: answered once, changed, skipped, stopped, after a restart."""

import time
from typing import Any

import pytest
from langchain_core.messages import AIMessage, ToolMessage

from agent.approval import AskFirst
from agent.gate import SKIPPED
from models.errors import AlreadyAnswered, InvalidRequest, NotFound
from tests.agent.conftest import MakeWorld, World
from tests.agent.test_runs import steps, words

PAINT = ("paint", '{"colour": "red"}')
ASK = AskFirst(frozenset({"paint"}), 9)


def waiting(world: World, run_id: str) -> list[str]:
    """The calls that the run waits with, once it does."""
    deadline = time.monotonic() + 5
    while world.runs.get(run_id).state != "waiting":
        assert time.monotonic() < deadline, "the run does not wait"
        time.sleep(0.005)
    return [value["toolCallId"] for value in approvals(world, run_id)]


def approvals(world: World, run_id: str) -> list[dict[str, Any]]:
    events = [stored.event for stored in world.events.replay(run_id=run_id)]
    return [event["value"] for event in events if event.get("name") == "duomo.approval"]


def test_a_step_waits_and_runs_once_it_is_approved(make_world: MakeWorld) -> None:
    world = make_world(PAINT, "画好了", ask_first=ASK)
    run_id = world.ask("画")
    (call_id,) = waiting(world, run_id)
    world.approvals.answer(run_id, call_id, "approve")
    events = world.told(run_id)
    assert [step["state"] for step in steps(events)] == ["done"]
    assert words(events) == "画好了"
    assert [value["state"] for value in approvals(world, run_id)] == ["waiting", "approved"]


def test_a_waiting_run_holds_no_thread(make_world: MakeWorld) -> None:
    world = make_world(PAINT, "你好", ask_first=ASK, workers=1)
    waiting(world, world.ask("画"))
    assert words(world.told(world.ask("你好"))) == "你好"


def test_changed_arguments_are_carried_out_and_remembered(make_world: MakeWorld) -> None:
    world = make_world(PAINT, "好", ask_first=ASK)
    run_id = world.ask("画")
    (call_id,) = waiting(world, run_id)
    world.approvals.answer(run_id, call_id, "change", {"colour": "blue", "count": 2})
    (step,) = steps(world.told(run_id))
    assert step["details"] == {"colour": "blue"}
    assert len(step["artifacts"]) == 2
    assert approvals(world, run_id)[-1]["arguments"] == {"colour": "blue", "count": 2}
    reply = next(m for m in world.model.seen[1] if isinstance(m, AIMessage))
    assert reply.tool_calls[0]["args"] == {"colour": "blue", "count": 2}


def test_a_skipped_step_is_told_to_the_model_in_one_sentence(make_world: MakeWorld) -> None:
    world = make_world(PAINT, "那就不画了", ask_first=ASK)
    run_id = world.ask("画")
    (call_id,) = waiting(world, run_id)
    world.approvals.answer(run_id, call_id, "skip")
    events = world.told(run_id)
    assert [step["state"] for step in steps(events)] == ["skipped"]
    assert words(events) == "那就不画了"
    assert [m.text for m in world.model.seen[1] if isinstance(m, ToolMessage)] == [SKIPPED]
    assert world.artifacts.handles(world.runs.get(run_id).conversation_id) == []


def test_all_calls_of_a_reply_wait_and_number_in_their_order(make_world: MakeWorld) -> None:
    reply = [PAINT, ("look", '{"image": "img-1"}'), ("paint", '{"colour": "blue"}')]
    world = make_world(reply, "好", ask_first=ASK)
    run_id = world.ask("画两种")
    first, second = waiting(world, run_id)
    world.approvals.answer(run_id, second, "approve")
    assert world.runs.get(run_id).state == "waiting"
    world.approvals.answer(run_id, first, "approve")
    done = {step["toolCallId"]: step for step in steps(world.told(run_id))}
    assert [view["handle"] for view in done[first]["artifacts"]] == ["img-1"]
    assert [view["handle"] for view in done[second]["artifacts"]] == ["img-2"]


def test_only_a_count_above_the_bound_asks(make_world: MakeWorld) -> None:
    bound = AskFirst(frozenset(), 2)
    two, three = ("paint", '{"colour": "red", "count": 2}'), ("paint", '{"colour":"red","count":3}')
    world = make_world(two, "好", three, ask_first=bound)
    assert len(steps(world.told(world.ask("画两张")))) == 1
    assert len(waiting(world, world.ask("画三张"))) == 1


def test_a_call_that_cannot_run_goes_back_to_the_model_unasked(make_world: MakeWorld) -> None:
    world = make_world(("paint", '{"colour": "red", "count": 9}'), "好", ask_first=ASK)
    run_id = world.ask("画")
    assert steps(world.told(run_id))[0]["error"]["code"] == "tool_retry"
    assert approvals(world, run_id) == []


def test_a_second_answer_is_refused(make_world: MakeWorld) -> None:
    world = make_world(PAINT, "好", ask_first=ASK)
    run_id = world.ask("画")
    (call_id,) = waiting(world, run_id)
    world.approvals.answer(run_id, call_id, "approve")
    for _ in range(2):  # while it runs and after
        with pytest.raises(AlreadyAnswered, match="已经有了决定"):
            world.approvals.answer(run_id, call_id, "skip")
        world.told(run_id)


def test_arguments_out_of_bounds_are_refused_and_the_step_waits_on(make_world: MakeWorld) -> None:
    world = make_world(PAINT, "好", ask_first=ASK)
    run_id = world.ask("画")
    (call_id,) = waiting(world, run_id)
    with pytest.raises(InvalidRequest, match="count不能大于4（现在是9）"):
        world.approvals.answer(run_id, call_id, "change", {"colour": "blue", "count": 9})
    with pytest.raises(InvalidRequest):
        world.approvals.answer(run_id, call_id, "change")
    with pytest.raises(InvalidRequest):
        world.approvals.answer(run_id, call_id, "skip", {"colour": "blue"})
    world.approvals.answer(run_id, call_id, "approve")
    assert steps(world.told(run_id))[0]["state"] == "done"


def test_an_answer_to_nothing_is_not_found(make_world: MakeWorld) -> None:
    world = make_world(PAINT, "好")
    run_id = world.ask("画")
    (step,) = steps(world.told(run_id))
    for run, call in ((run_id, step["toolCallId"]), (run_id, "none"), ("none", "none")):
        with pytest.raises(NotFound):
            world.approvals.answer(run, call, "approve")


def test_stop_ends_a_waiting_run_and_the_next_one_goes_on(make_world: MakeWorld) -> None:
    world = make_world(PAINT, "下一轮", ask_first=ASK)
    conversation = world.conversation()
    first = world.ask("画", conversation)
    (call_id,) = waiting(world, first)
    second = world.ask("二", conversation)
    assert world.runs.get(second).state == "queued"
    world.runs.cancel(first)
    events = world.told(first)
    assert events[-1]["outcome"] == {"type": "cancelled"}
    assert [step["state"] for step in steps(events)] == ["cancelled"]
    assert words(world.told(second)) == "下一轮"
    roles = [message.type for message in world.model.seen[1]]
    assert roles == ["system", "human", "ai", "tool", "ai", "human"]
    with pytest.raises(AlreadyAnswered):
        world.approvals.answer(first, call_id, "approve")


def test_after_a_restart_a_waiting_step_is_still_answered(make_world: MakeWorld) -> None:
    first = make_world([PAINT, ("paint", '{"colour": "blue"}')], ask_first=ASK)
    run_id = first.ask("画")
    one, two = waiting(first, run_id)
    first.approvals.answer(run_id, one, "skip")
    first.runs.close()
    again = make_world("好")  # the policy that asked is gone; what was decided holds all the same
    assert again.runs.recover() == 0
    assert again.runs.get(run_id).state == "waiting"
    again.approvals.answer(run_id, two, "change", {"colour": "green"})
    events = again.told(run_id)
    done = {step["toolCallId"]: step for step in steps(events)}
    assert done[one]["state"] == "skipped"
    assert done[two]["details"] == {"colour": "green"}
    assert words(events) == "好"


def test_a_waiting_run_whose_memory_is_gone_ends_with_the_reason(make_world: MakeWorld) -> None:
    first = make_world(PAINT, ask_first=ASK)
    conversation = first.conversation()
    run_id = first.ask("画", conversation)
    (call_id,) = waiting(first, run_id)
    first.runs.close()
    for file in first.home.glob("memory.db*"):
        file.unlink()
    again = make_world("好")
    again.runs.recover()
    again.approvals.answer(run_id, call_id, "approve")
    assert again.told(run_id)[-1]["code"] == "engine_unavailable"
    assert "记忆丢失" in (again.runs.get(run_id).reason or "")
    assert words(again.told(again.ask("你好", conversation))) == "好"


def test_a_conversation_whose_step_waits_can_be_deleted(make_world: MakeWorld) -> None:
    world = make_world(PAINT, ask_first=ASK)
    conversation = world.conversation()
    waiting(world, world.ask("画", conversation))
    world.runs.forget(conversation)
    assert world.events.replay(conversation_id=conversation) == []
