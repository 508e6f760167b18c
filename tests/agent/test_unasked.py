"""Pictures are changed, and words read aloud, only for who asked for it."""

import json

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolCall, ToolMessage

from agent.abilities import Abilities
from agent.parsing import CallArguments, CallStart, Piece, Words
from agent.unasked import until_unasked
from tools.registry import discover

OURS = Abilities.of(discover().values())
SEEN = "上方右边有一只橙色的蝴蝶；后面有两头牛。"


def step(name: str, result: str, **arguments: object) -> list[BaseMessage]:
    call = ToolCall(name=name, args=arguments, id=name)
    return [AIMessage("", tool_calls=[call]), ToolMessage(result, tool_call_id=name, name=name)]


def looked(question: str = "这张图里有什么") -> list[BaseMessage]:
    return step("ask_image", SEEN, image="img-1", question=question)


def changes(*instructions: str) -> list[Piece]:
    pieces: list[Piece] = []
    for index, instruction in enumerate(instructions):
        written = json.dumps({"image": "img-1", "instruction": instruction}, ensure_ascii=False)
        halves = written[:20], written[20:]
        pieces.append(CallStart(index, "edit_image"))
        pieces += [CallArguments(index, half) for half in halves]
    return pieces


def after(said: str, steps: list[BaseMessage], pieces: list[Piece]) -> list[Piece]:
    messages = [HumanMessage(f"[img-1]{said}"), *steps]
    return list(until_unasked(iter(pieces), messages, OURS.wishes, OURS.cues, "看到的"))


@pytest.mark.parametrize("instruction", ["里有什么？", "上方右边有一只橙色的蝴蝶", "改成有两头牛"])
def test_what_was_read_off_a_picture_does_not_change_it(instruction: str) -> None:
    assert after("这张图里有什么？", looked(), changes(instruction)) == [Words("看到的")]


@pytest.mark.parametrize(
    ("said", "instruction"),
    [
        ("看看里面有什么，然后改成夜晚", "改成夜晚"),
        ("看看里面有什么，照着它画一张夜景", "改成夜景"),
        ("说说它，再把第一张里的狗去掉", "去掉狗"),
        ("看看里面有什么，然后改成夜晚", ""),
        ("看看里面有什么，然后改成夜晚", "txt-1"),
    ],
)
def test_a_change_that_was_asked_for_is_made(said: str, instruction: str) -> None:
    pieces = changes(instruction)
    assert after(said, looked("里面有什么"), pieces) == pieces


def test_a_change_that_a_search_swallowed_is_made() -> None:
    found = step("search_images", "找到1张图片：img-1", query="古塔，把它变成雪景")
    pieces = changes("变成雪景")
    assert after("搜一张古塔，把它变成雪景", found, pieces) == pieces


def test_both_pictures_are_changed_alike() -> None:
    first = step("edit_image", "改好了，img-3。", image="img-1", instruction="改成夜晚")
    pieces = changes("改成夜晚")
    assert after("把两张都改成夜晚", first, pieces) == pieces


def test_a_change_asked_for_is_kept_where_another_was_not() -> None:
    pieces = changes("改成夜晚", SEEN)
    assert after("看看有什么，改成夜晚", looked("有什么"), pieces) == pieces[:3]


@pytest.mark.parametrize(
    ("said", "is_read"),
    [
        ("看看图里有什么，改成水墨画", False),
        ("看看图里有什么，念给我听", True),
        ("看看图里有什么，再配一句旁白：好", True),
        ("看看图里有什么，报一句“到了”", True),
        ("看看图里有什么，then Read it to me", True),
    ],
)
def test_words_are_read_aloud_for_who_asked_for_it(said: str, is_read: bool) -> None:
    call: list[Piece] = [CallStart(0, "speak"), CallArguments(0, '{"text": "两头牛"}')]
    assert after(said, looked("图里有什么"), call) == (call if is_read else [Words("看到的")])


def test_the_first_step_and_other_tools_are_left_alone() -> None:
    said, unread = "这张图里有什么？", [CallStart(0, "edit_image"), CallArguments(0, "{")]
    other = [Words("好"), CallStart(0, "ask_image"), CallArguments(0, '{"question": "里有什么"}')]
    assert after(said, [], changes(SEEN)) == changes(SEEN)
    assert after(said, looked(), other) == other
    assert after(said, looked(), unread) == unread
