"""The fold of events into a transcript: pure, incremental, and total over hostile input."""

from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from api.folding import fold
from api.run_schemas import StoredEventView
from api.transcript import Transcript

PICTURE = {
    "handle": "img-1",
    "sha256": "a" * 64,
    "kind": "image",
    "mime": "image/png",
    "name": "桥.png",
    "width": 640,
    "height": 480,
    "seconds": None,
    "label": False,
}


def stored(*events: dict[str, Any], run_id: str = "r1", start: int = 1) -> list[StoredEventView]:
    numbers = count(start)
    return [
        StoredEventView(seq=next(numbers), run_id=run_id, created=100.0 + i, event=event)
        for i, event in enumerate(events)
    ]


def whole_run() -> list[StoredEventView]:
    return stored(
        {"type": "RUN_STARTED", "threadId": "c", "runId": "r1"},
        {
            "type": "CUSTOM",
            "name": "duomo.user",
            "value": {"text": "找桥", "attachments": [PICTURE]},
        },
        {
            "type": "ACTIVITY_SNAPSHOT",
            "messageId": "r1-thinking",
            "activityType": "duomo.llm",
            "content": {"state": "queued", "position": 1},
        },
        {"type": "TEXT_MESSAGE_START", "messageId": "m1", "role": "assistant"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m1", "delta": "好，"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m1", "delta": "我找找。"},
        {"type": "TEXT_MESSAGE_END", "messageId": "m1"},
        {"type": "TOOL_CALL_START", "toolCallId": "t1", "toolCallName": "search_images"},
        {"type": "TOOL_CALL_ARGS", "toolCallId": "t1", "delta": '{"query": "拱'},
        {"type": "TOOL_CALL_ARGS", "toolCallId": "t1", "delta": '桥"}'},
        {"type": "TOOL_CALL_END", "toolCallId": "t1"},
        {
            "type": "ACTIVITY_SNAPSHOT",
            "messageId": "t1",
            "activityType": "duomo.step",
            "content": {"state": "running", "fraction": 0.5, "note": "编码"},
        },
        {"type": "TOOL_CALL_RESULT", "messageId": "x", "toolCallId": "t1", "content": "找到1张"},
        {
            "type": "CUSTOM",
            "name": "duomo.step",
            "value": {
                "toolCallId": "t1",
                "state": "done",
                "queuedSeconds": 0.1,
                "loadSeconds": 0.2,
                "runSeconds": 0.3,
                "artifacts": [PICTURE],
                "details": {"scores": [0.31]},
            },
        },
        {"type": "TEXT_MESSAGE_START", "messageId": "m2", "role": "assistant"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m2", "delta": "找到一张。"},
        {"type": "TEXT_MESSAGE_END", "messageId": "m2"},
        {"type": "RUN_FINISHED", "threadId": "c", "runId": "r1"},
    )


def test_a_whole_run_becomes_one_turn() -> None:
    (turn,) = fold(Transcript(), whole_run()).turns
    (step,) = turn.steps
    assert (turn.state, turn.text, turn.answer) == (
        "finished",
        "找桥",
        "好，我找找。\n\n找到一张。",
    )
    assert turn.attachments[0].handle == "img-1"
    assert [type(block).__name__ for block in turn.blocks] == ["Said", "Step", "Said"]
    assert (step.tool, step.arguments, step.state) == ("search_images", {"query": "拱桥"}, "done")
    assert (step.queued_seconds, step.load_seconds, step.run_seconds) == (0.1, 0.2, 0.3)
    assert (step.text, step.artifacts[0].name) == ("找到1张", "桥.png")
    assert (turn.started, turn.ended_at) == (100.0, 117.0)


def test_every_prefix_shows_the_state_of_that_moment() -> None:
    transcript, seen = Transcript(), []
    for event in whole_run():
        transcript = fold(transcript, [event])
        turn = transcript.turns[0]
        seen.append((turn.thinking.state if turn.thinking else "", [s.state for s in turn.steps]))
    assert seen[2] == ("queued", [])
    assert seen[4] == ("", [])
    assert seen[7] == ("", ["writing"])
    assert seen[10] == ("", ["queued"])
    assert seen[11] == ("", ["running"])
    assert seen[13] == ("", ["done"])


@given(st.sets(st.integers(1, 17)))
def test_folding_in_pieces_equals_folding_at_once(cuts: set[int]) -> None:
    events, transcript, start = whole_run(), Transcript(), 0
    for cut in [*sorted(cuts), len(events)]:
        transcript = fold(transcript, events[start:cut])
        start = cut
    assert transcript == fold(Transcript(), events)


@given(st.integers(0, 18), st.integers(0, 18))
def test_a_stream_that_repeats_itself_changes_nothing(first: int, again: int) -> None:
    events = whole_run()
    resumed = fold(fold(Transcript(), events[:first]), events[min(first, again) :])
    assert resumed == fold(Transcript(), events)


def test_a_preview_stays_until_the_next_one() -> None:
    def drawing(**content: Any) -> dict[str, Any]:
        told = {"state": "running", **content}
        return {**whole_run()[11].event, "content": told}

    so_far = [stored.event for stored in whole_run()[:12]]
    events = stored(*so_far, drawing(preview="a" * 64), drawing(fraction=0.7))
    assert fold(Transcript(), events).turns[0].steps[0].preview == "a" * 64
    events = stored(*so_far, drawing(preview="a" * 64), drawing(preview="b" * 64))
    assert fold(Transcript(), events).turns[0].steps[0].preview == "b" * 64


def test_a_step_that_goes_on_after_an_answer_is_what_is_waited_for() -> None:
    """A run that a person let go on says that it loads, and then its step moves at once."""
    so_far = [stored.event for stored in whole_run()[:11]]
    loads = {**whole_run()[2].event, "content": {"state": "loading"}}
    thinking = [fold(Transcript(), stored(*so_far, loads)).turns[0].thinking]
    moves = whole_run()[11].event
    thinking.append(fold(Transcript(), stored(*so_far, loads, moves)).turns[0].thinking)
    assert [state and state.state for state in thinking] == ["loading", None]


def test_every_file_is_found_by_its_handle() -> None:
    made = {**PICTURE, "handle": "img-2", "sha256": "b" * 64}
    events = [*whole_run()[:13], *whole_run()[14:]]
    value = {"toolCallId": "t1", "state": "done", "artifacts": [made]}
    end = {"type": "CUSTOM", "name": "duomo.step", "value": value}
    artifacts = fold(Transcript(), stored(*(e.event for e in events), end)).artifacts
    assert {handle: view.sha256[0] for handle, view in artifacts.items()} == {
        "img-1": "a",
        "img-2": "b",
    }


def test_cancelling_closes_the_open_step() -> None:
    events = [*whole_run()[:12]]
    end = {"type": "RUN_FINISHED", "outcome": {"type": "cancelled"}}
    (turn,) = fold(Transcript(), [*events, *stored(end, start=13)]).turns
    assert (turn.state, turn.steps[0].state) == ("cancelled", "cancelled")


def test_a_failed_run_keeps_both_languages_of_its_reason() -> None:
    reason = {"code": "out_of_memory", "zh": "显存不够。", "en": "Not enough memory."}
    events = stored(
        {"type": "RUN_STARTED"},
        {"type": "CUSTOM", "name": "duomo.error", "value": reason},
        {"type": "RUN_ERROR", "message": "显存不够。", "code": "out_of_memory"},
    )
    (turn,) = fold(Transcript(), events).turns
    assert turn.state == "failed"
    assert turn.error is not None
    assert turn.error.en == "Not enough memory."


def test_interleaved_runs_stay_apart() -> None:
    one = stored({"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "一"}, run_id="a")
    two = stored(
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "二"}, run_id="b", start=2
    )
    assert [turn.answer for turn in fold(Transcript(), one + two).turns] == ["一", "二"]


def test_arguments_are_none_while_they_are_written() -> None:
    (turn,) = fold(Transcript(), whole_run()[:9]).turns
    assert turn.steps[0].arguments is None


INNER = ["state", "position", "toolCallId", "artifacts", "attachments", "details", "error", "text"]
LEAF = st.sampled_from(
    [None, True, -1, 0.5, 10**400, "", "done", "running", "duomo.llm", "t1", "r1"]
)
JSON = LEAF | st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(INNER), inner, max_size=3)
    ),
    max_leaves=5,
)
TYPES = [
    *{str(event.event["type"]) for event in whole_run()},
    "RUN_ERROR",
    "REASONING_MESSAGE_CONTENT",
    "STATE_DELTA",
]
NAMES = {
    "name": st.sampled_from(["duomo.user", "duomo.step", "duomo.error"]),
    "activityType": st.sampled_from(["duomo.llm", "duomo.step"]),
}
KEYS = sorted({key for event in whole_run() for key in event.event} - {"type"})


REST = st.fixed_dictionaries(NAMES, optional={key: JSON for key in KEYS if key not in NAMES})


@given(st.sampled_from(sorted(TYPES)), REST, st.integers(0, 17))
def test_no_event_breaks_the_fold(kind: str, rest: dict[str, Any], before: int) -> None:
    events = whole_run()[:before]
    hostile = {**rest, "type": kind}
    transcript = fold(Transcript(), [*events, *stored(hostile, start=before + 1)])
    assert transcript.last_seq == before + 1
