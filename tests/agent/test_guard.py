"""The bounds of a turn: repairs, repetition, limits, broken replies."""

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk

from agent.middleware import HALF_A_CALL, NO_ANSWER, TOO_MANY_STEPS, Limits
from tests.agent.conftest import MakeWorld, look, paint
from tests.agent.test_runs import kinds, steps, words
from tools.absent import absent


def results(events: list[dict[str, Any]]) -> list[str]:
    return [e["content"] for e in events if e["type"] == "TOOL_CALL_RESULT"]


def test_a_hint_lets_the_model_correct_its_call(make_world: MakeWorld) -> None:
    world = make_world(("look", '{"image": "img-9"}'), ("look", '{"image": "img-1"}'), "宽8像素")
    events = world.told(world.ask("看", files=[world.upload()]))
    first, second = steps(events)
    assert first["state"] == "failed"
    assert first["error"]["code"] == "tool_retry"
    assert "img-1" in results(events)[0]
    assert second["state"] == "done"
    assert words(events) == "宽8像素"


def test_invalid_arguments_come_back_as_a_chinese_hint(make_world: MakeWorld) -> None:
    world = make_world(("paint", '{"colour": "red", "count": 9}'), "好")
    events = world.told(world.ask("画"))
    assert "不能大于4" in results(events)[0]
    assert steps(events)[0]["error"]["code"] == "tool_retry"


def test_after_two_repairs_the_person_is_asked(make_world: MakeWorld) -> None:
    calls = [("look", json.dumps({"image": f"img-{n}"})) for n in range(5, 9)]
    world = make_world(*calls)
    events = world.told(world.ask("看"))
    assert len(steps(events)) == 3
    assert words(events) == "请把图发给我。"
    assert events[-1]["type"] == "RUN_FINISHED"


def test_with_several_pictures_the_question_is_which(make_world: MakeWorld) -> None:
    world = make_world(*[("look", json.dumps({"image": f"img-{n}"})) for n in (7, 8, 9)])
    events = world.told(world.ask("看", files=[world.upload("red"), world.upload("blue")]))
    assert words(events) == "你说的是哪一张？现在有img-1、img-2。"


def test_what_is_missing_is_asked_for_in_the_words_of_its_description(
    make_world: MakeWorld,
) -> None:
    world = make_world(("paint", "{}"), ("paint", '{"count": 1}'), ("paint", '{"count": 2}'))
    assert words(world.told(world.ask("画"))) == "还差一样，请告诉我：颜色。"


def test_silence_after_a_bad_call_becomes_the_question(make_world: MakeWorld) -> None:
    world = make_world(("look", '{"image": "img-1"}'), "")
    assert words(world.told(world.ask("看"))) == "请把图发给我。"


@pytest.mark.parametrize("arguments", ['{"colour": "red"}', "{}"])
def test_a_tool_that_the_profile_lacks_ends_the_turn_in_its_own_words(
    make_world: MakeWorld, arguments: str
) -> None:
    world = make_world(("paint", arguments), "画好了，img-1。", tools=[absent(paint), look])
    events = world.told(world.ask("画"))
    (step,) = steps(events)
    assert (step["state"], step["error"]["code"]) == ("failed", "tool_absent")
    assert words(events) == step["error"]["zh"]
    assert "涂色" in words(events)
    assert events[-1]["type"] == "RUN_FINISHED"


@pytest.mark.parametrize(
    "arguments", ['"红"', "[1]", "红 {", '{"colour": "red", "count": 99999999999999999999}', "null"]
)
def test_arguments_that_are_no_object_can_be_corrected(
    make_world: MakeWorld, arguments: str
) -> None:
    world = make_world(("paint", arguments), ("paint", '{"colour": "red"}'), "画好了")
    events = world.told(world.ask("画"))
    assert [step["state"] for step in steps(events)] == ["failed", "done"]
    assert words(events) == "画好了"


def test_a_tool_that_cannot_says_so_and_the_run_goes_on(make_world: MakeWorld) -> None:
    world = make_world(("failing", "{}"), "做不到")
    events = world.told(world.ask("做"))
    assert results(events) == ["这里做不到。"]
    assert steps(events)[0]["error"] == {
        "code": "tool_failed",
        "zh": "这里做不到。",
        "en": "Cannot be done here.",
    }
    assert words(events) == "做不到"


def test_a_bug_in_a_tool_is_a_failed_step_and_a_line_in_the_log(
    make_world: MakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world = make_world(("broken", "{}"), "出错了")
    events = world.told(world.ask("做"))
    assert steps(events)[0]["state"] == "failed"
    assert "secret" not in str(events)
    assert "ZeroDivisionError" in caplog.text
    assert events[-1]["type"] == "RUN_FINISHED"


def test_an_unknown_tool_is_a_hint(make_world: MakeWorld) -> None:
    world = make_world(("fly", "{}"), "不会飞")
    events = world.told(world.ask("飞"))
    assert "paint" in results(events)[0]
    assert words(events) == "不会飞"


def test_the_same_call_again_ends_the_turn_with_its_result(make_world: MakeWorld) -> None:
    call = ("paint", '{"colour": "red"}')
    world = make_world(call, ("paint", '{ "colour":"red" }'), "不该说到这里")
    events = world.told(world.ask("画"))
    assert words(events) == "画好了：img-1"
    first, second = steps(events)
    assert second["artifacts"] == first["artifacts"]
    assert len(world.artifacts.handles(events[0]["threadId"])) == 1


def test_the_same_call_in_another_turn_runs_again(make_world: MakeWorld) -> None:
    world = make_world(("paint", '{"colour": "red"}'), "一", ("paint", '{"colour": "red"}'), "二")
    conversation = world.conversation()
    world.told(world.ask("画", conversation))
    assert "img-2" in results(world.told(world.ask("再画", conversation)))[0]


def test_only_the_repeated_of_several_calls_is_left_out(make_world: MakeWorld) -> None:
    red, blue = ("paint", '{"colour": "red"}'), ("paint", '{"colour": "blue"}')
    world = make_world(red, [("paint", '{"colour": "red"}'), blue], "好了")
    events = world.told(world.ask("画"))
    assert results(events) == ["画好了：img-1", "画好了：img-1", "画好了：img-2"]
    assert words(events) == "好了"


def test_too_many_model_calls_end_with_a_sentence(make_world: MakeWorld) -> None:
    calls = [("paint", json.dumps({"colour": f"#00000{n}"})) for n in range(4)]
    world = make_world(*calls, limits=Limits(model_calls=3))
    events = world.told(world.ask("画"))
    assert len(steps(events)) == 3
    assert words(events) == TOO_MANY_STEPS
    assert events[-1]["type"] == "RUN_FINISHED"


def test_too_many_tool_calls_are_refused_together(make_world: MakeWorld) -> None:
    calls = [("paint", json.dumps({"colour": f"#00000{n}"})) for n in range(3)]
    world = make_world(calls, limits=Limits(tool_calls=2))
    events = world.told(world.ask("画"))
    assert [step["state"] for step in steps(events)] == ["failed"] * 3
    assert words(events) == TOO_MANY_STEPS


def test_an_empty_answer_becomes_the_last_result(make_world: MakeWorld) -> None:
    world = make_world(("paint", '{"colour": "red"}'), "")
    assert words(world.told(world.ask("画"))) == "画好了：img-1"


def test_an_empty_answer_to_plain_words_is_owned_up_to(make_world: MakeWorld) -> None:
    world = make_world("", "好")
    conversation = world.conversation()
    assert words(world.told(world.ask("嗯", conversation))) == NO_ANSWER
    world.told(world.ask("再", conversation))
    assert world.model.seen[1][-2].text == NO_ANSWER


def test_a_call_that_was_cut_off_is_not_run(make_world: MakeWorld) -> None:
    half = AIMessageChunk(
        content="",
        tool_call_chunks=[
            {
                "type": "tool_call_chunk",
                "name": "paint",
                "args": '{"colour": "re',
                "id": "call-1",
                "index": 0,
            }
        ],
        response_metadata={"finish_reason": "length"},
    )
    world = make_world(half, "好")
    conversation = world.conversation()
    events = world.told(world.ask("画", conversation))
    assert steps(events)[0]["state"] == "failed"
    assert words(events) == HALF_A_CALL
    assert kinds(events)[-1] == "RUN_FINISHED"
    world.told(world.ask("再", conversation))
    assert [m.type for m in world.model.seen[1]] == ["system", "human", "ai", "human"]
