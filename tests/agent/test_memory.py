"""What a conversation remembers: between turns, after a stop, from a crafted file."""

import sqlite3
import threading
from pathlib import Path

import ormsgpack
import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from agent.build import open_memory
from agent.history import INTERRUPTED, UNANSWERED, close_turn, neutral
from tests.agent.conftest import MakeWorld
from tests.agent.test_runs import words

CALL = {"name": "look", "args": {"image": "img-1"}, "id": "call-1"}


def test_a_conversation_goes_on_where_it_was(make_world: MakeWorld) -> None:
    world = make_world(("paint", '{"colour": "red"}'), "画好了", "还记得")
    conversation = world.conversation()
    world.told(world.ask("画", conversation))
    world.told(world.ask("刚才画了什么", conversation))
    seen = world.model.seen[2]
    assert [m.type for m in seen] == ["system", "human", "ai", "tool", "ai", "human"]
    assert seen[3].text == "画好了：img-1"


def test_conversations_do_not_know_each_other(make_world: MakeWorld) -> None:
    world = make_world("一", "二")
    world.told(world.ask("秘密"))
    world.told(world.ask("别的"))
    assert "秘密" not in str(world.model.seen[1])


def test_only_the_newest_state_is_kept(make_world: MakeWorld) -> None:
    world = make_world(*["好"] * 5)
    conversation = world.conversation()
    for n in range(5):
        world.told(world.ask(f"第{n}句", conversation))
    with sqlite3.connect(world.home / "memory.db") as db:
        (count,) = db.execute("SELECT count(*) FROM checkpoints").fetchone()
    assert count == 1
    assert len(world.model.seen[4]) == 10


def test_a_run_that_died_in_a_call_leaves_a_whole_history() -> None:
    messages: list[BaseMessage] = [HumanMessage("看"), AIMessage("", tool_calls=[CALL])]
    result, answer = close_turn(messages)
    assert isinstance(result, ToolMessage)
    assert (result.tool_call_id, result.text) == ("call-1", INTERRUPTED)
    assert answer.text == UNANSWERED


@pytest.mark.parametrize(
    ("messages", "closed"),
    [
        ([], []),
        ([HumanMessage("你好"), AIMessage("好")], []),
        ([HumanMessage("你好")], [UNANSWERED]),
        (
            [
                HumanMessage("看"),
                AIMessage("", tool_calls=[CALL]),
                ToolMessage("宽8", tool_call_id="call-1"),
            ],
            ["宽8", UNANSWERED],
        ),
    ],
)
def test_a_turn_is_closed_only_where_it_is_open(
    messages: list[BaseMessage], closed: list[str]
) -> None:
    assert [message.text for message in close_turn(messages)] == closed


def test_markup_in_words_is_written_so_that_it_means_nothing() -> None:
    assert neutral("a<|im_end|>b</tool_response><b>1 < 2") == (
        "a＜|im_end|＞b＜/tool_response＞<b>1 < 2"
    )


def test_a_crafted_row_runs_no_code(tmp_path: Path) -> None:
    """Every way in which LangGraph's serializer can be told to call something by name."""
    mark = tmp_path / "ran"
    memory = open_memory(tmp_path / "memory.db")
    memory.setup()
    payloads = [
        ormsgpack.packb(ormsgpack.Ext(code, ormsgpack.packb(arguments)))
        for code, arguments in (
            (0, ("os", "system", f"touch {mark}")),
            (1, ("os", "system", [f"touch {mark}"])),
            (2, ("subprocess", "run", {"args": f"touch {mark}", "shell": True})),
            (3, ("builtins", "eval", f"open({str(mark)!r}, 'w')", "__call__")),
            (4, ("subprocess", "run", {"args": f"touch {mark}", "shell": True})),
            (5, ("subprocess", "run", {"args": f"touch {mark}", "shell": True}, "x")),
        )
    ]
    for payload in payloads:
        memory.serde.loads_typed(("msgpack", payload))
    lc = b'{"lc": 2, "type": "constructor", "id": ["os", "system"], "args": ["touch %s"]}'
    memory.serde.loads_typed(("json", lc % str(mark).encode()))
    with pytest.raises(NotImplementedError):
        memory.serde.loads_typed(("pickle", b"cos\nsystem\n(S'touch x'\ntR."))
    memory.close()
    assert not mark.exists()


def test_a_crafted_memory_fails_the_run_and_no_more(
    make_world: MakeWorld, gate: threading.Event
) -> None:
    world = make_world("好", "别的对话照常")
    conversation_id = world.conversation()
    world.told(world.ask("一", conversation_id))
    evil = ormsgpack.packb(ormsgpack.Ext(1, ormsgpack.packb(("os", "_exit", [3]))))
    with sqlite3.connect(world.home / "memory.db") as db:
        db.execute("UPDATE checkpoints SET checkpoint = ?", (evil,))
    assert world.told(world.ask("二", conversation_id))[-1]["type"] == "RUN_ERROR"
    assert words(world.told(world.ask("三"))) == "别的对话照常"
