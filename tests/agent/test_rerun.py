"""Past steps once more: new results beside the old ones, and what depends on them."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from agent.history import as_dicts
from models.errors import InvalidRequest, NotFound
from tests.agent.conftest import MakeWorld, Picture, World, look, paint, png
from tests.agent.test_runs import _until, steps, words
from tools.context import ToolContext
from tools.contract import ToolOutput, tool

PAINT = ("paint", '{"colour": "red", "count": 2}')


@tool(title_zh="翻转", title_en="Flip", icon="flip")
def flip(arguments: Picture, context: ToolContext) -> ToolOutput:
    """把图翻过来。"""
    source, _ = context.image(arguments.image)
    side = 2 * (source.width or 0)
    handle = context.keep(png("white", side), kind="image", name="翻.png", parents=(source.sha256,))
    return ToolOutput(f"得到{handle}", (handle,))


def painted(make_world: MakeWorld, *replies: Any) -> tuple[World, str, str]:
    """A conversation with one painting of two pictures; its id and the step's."""
    world = make_world(PAINT, "画好了", *replies)
    conversation = world.conversation()
    (step,) = steps(world.told(world.ask("画两张", conversation)))
    return world, conversation, step["toolCallId"]


def handles(step: dict[str, Any]) -> list[str]:
    return [view["handle"] for view in step["artifacts"]]


def named(events: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(event["value"] for event in events if event.get("name") == name)


def test_a_step_is_carried_out_again_without_the_language_model(make_world: MakeWorld) -> None:
    world, conversation, call_id = painted(make_world)
    asked = len(world.model.seen)
    run_id = world.reruns.rerun(conversation, call_id, {"colour": "blue"})
    events = world.told(run_id)
    (step,) = steps(events)
    assert step["details"] == {"colour": "blue"}
    assert handles(step) == ["img-3"]
    assert len(world.model.seen) == asked
    assert named(events, "duomo.rerun") == {
        "steps": [{"toolCallId": step["toolCallId"], "of": call_id}],
        "after": None,
    }
    assert words(events) == "画好了：img-3"
    assert events[-1]["outcome"] == {"type": "success"}


def test_the_old_results_stay_and_the_new_ones_name_them(make_world: MakeWorld) -> None:
    world, conversation, call_id = painted(make_world)
    world.told(world.reruns.rerun(conversation, call_id, {"colour": "blue"}))
    found = dict(world.artifacts.handles(conversation))
    assert list(found) == ["img-1", "img-2", "img-3"]
    assert found["img-3"].lineage.rerun_of == (found["img-1"].sha256, found["img-2"].sha256)
    assert found["img-3"].lineage.arguments == {"colour": "blue"}
    assert found["img-1"].lineage.rerun_of == ()


def test_later_turns_remember_a_rerun_as_a_turn_like_any_other(make_world: MakeWorld) -> None:
    world, conversation, call_id = painted(make_world, ("look", '{"image": "img-3"}'), "看到了")
    world.told(world.reruns.rerun(conversation, call_id, {"colour": "blue"}))
    world.told(world.ask("看看新的", conversation))
    roles = [message["role"] for message in as_dicts(world.model.seen[2])]
    turn = ["user", "assistant", "tool", "assistant"]
    assert roles == ["system", *turn, *turn, "user"]
    rerun = world.model.seen[2][5:9]
    assert isinstance(rerun[0], HumanMessage)
    assert rerun[0].text == "换参数重做：涂色"
    assert isinstance(rerun[1], AIMessage)
    assert rerun[1].tool_calls[0]["args"] == {"colour": "blue"}


def test_what_used_the_old_results_is_offered_and_follows_in_one_run(
    make_world: MakeWorld,
) -> None:
    world = make_world(
        ("paint", '{"colour": "red"}'),
        ("flip", '{"image": "img-1"}'),
        [("look", '{"image": "img-2"}'), ("paint", '{"colour": "green"}')],
        "好",
        tools=[paint, look, flip],
    )
    conversation = world.conversation()
    first, flipped, looked, _ = steps(world.told(world.ask("画、翻、看", conversation)))
    rerun = world.reruns.rerun(conversation, first["toolCallId"], {"colour": "blue", "count": 1})
    offer = named(world.told(rerun), "duomo.offer")
    assert offer == {
        "toolCallIds": [flipped["toolCallId"], looked["toolCallId"]],
        "replaced": {"img-1": "img-4"},
    }
    events = world.told(world.reruns.rerun_dependants(rerun))
    new_flip, new_look = steps(events)
    arguments = [e["delta"] for e in events if e["type"] == "TOOL_CALL_ARGS"]
    assert arguments == ['{"image": "img-4"}', '{"image": "img-5"}']
    assert handles(new_flip) == ["img-5"]
    assert new_look["state"] == "done"
    assert named(events, "duomo.rerun")["after"] == rerun
    assert not any(event.get("name") == "duomo.offer" for event in events)
    assert words(events) == "得到img-5\nimg-5宽16像素"


def test_a_part_of_the_offer_leaves_the_rest_offered(make_world: MakeWorld) -> None:
    world = make_world(
        ("paint", '{"colour": "red"}'),
        ("flip", '{"image": "img-1"}'),
        ("look", '{"image": "img-2"}'),
        "好",
        tools=[paint, look, flip],
    )
    conversation = world.conversation()
    first, flipped, looked = steps(world.told(world.ask("画、翻、看", conversation)))
    rerun = world.reruns.rerun(conversation, first["toolCallId"], {"colour": "blue"})
    world.told(rerun)
    with pytest.raises(InvalidRequest):
        world.reruns.rerun_dependants(rerun, [first["toolCallId"]])
    part = world.reruns.rerun_dependants(rerun, [flipped["toolCallId"]])
    offer = named(world.told(part), "duomo.offer")
    assert offer["toolCallIds"] == [looked["toolCallId"]]
    (step,) = steps(world.told(world.reruns.rerun_dependants(part)))
    assert step["state"] == "done"


def test_a_step_whose_picture_has_no_successor_is_not_offered(make_world: MakeWorld) -> None:
    world = make_world(
        PAINT, [("look", '{"image": "img-1"}'), ("look", '{"image": "img-2"}')], "好"
    )
    conversation = world.conversation()
    first, one, _ = steps(world.told(world.ask("画两张看两张", conversation)))
    rerun = world.reruns.rerun(conversation, first["toolCallId"], {"colour": "blue", "count": 1})
    assert named(world.told(rerun), "duomo.offer")["toolCallIds"] == [one["toolCallId"]]


def test_a_rerun_that_fails_offers_nothing_and_says_why(make_world: MakeWorld) -> None:
    world = make_world(PAINT, ("look", '{"image": "img-1"}'), "好", "继续")
    conversation = world.conversation()
    _, looked = steps(world.told(world.ask("画了看", conversation)))
    events = world.told(world.reruns.rerun(conversation, looked["toolCallId"], {"image": "img-9"}))
    (step,) = steps(events)
    assert step["state"] == "failed"
    assert "img-9" in words(events)
    assert events[-1]["outcome"] == {"type": "success"}
    assert words(world.told(world.ask("接着说", conversation))) == "继续"


def test_a_stopped_rerun_leaves_a_history_that_goes_on(make_world: MakeWorld) -> None:
    world = make_world(("linger", "{}"), "下一轮")
    conversation = world.conversation()
    first = world.ask("等", conversation)
    _until(lambda: "在等" in str([s.json for s in world.events.replay(run_id=first)]))
    world.runs.cancel(first)
    (stopped,) = steps(world.told(first))
    run_id = world.reruns.rerun(conversation, stopped["toolCallId"], {})
    _until(lambda: "在等" in str([s.json for s in world.events.replay(run_id=run_id)]))
    world.runs.cancel(run_id)
    assert world.told(run_id)[-1]["outcome"] == {"type": "cancelled"}
    assert words(world.told(world.ask("二", conversation))) == "下一轮"
    roles = [message.type for message in world.model.seen[1]]
    turn = ["human", "ai", "tool", "ai"]
    assert roles == ["system", *turn, *turn, "human"]


def test_what_cannot_be_rerun_is_said(make_world: MakeWorld) -> None:
    world, conversation, call_id = painted(make_world)
    with pytest.raises(InvalidRequest, match="count不能大于4"):
        world.reruns.rerun(conversation, call_id, {"colour": "blue", "count": 7})
    with pytest.raises(NotFound):
        world.reruns.rerun(conversation, "none", {"colour": "blue"})
    with pytest.raises(NotFound):
        world.reruns.rerun("none", call_id, {"colour": "blue"})
    run_id = world.reruns.rerun(conversation, call_id, {"colour": "blue"})
    world.told(run_id)
    with pytest.raises(NotFound):  # nothing depended on the painting
        world.reruns.rerun_dependants(run_id)
