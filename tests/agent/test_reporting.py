"""A small model chooses the tools; what they gave is said in fixed sentences."""

from collections.abc import Iterator

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from agent.parsing import CallStart, Piece, Reasoning, Words
from agent.reporting import (
    as_trained,
    asks_what_it_can,
    in_words_of,
    introduction,
    report_of,
    unsure,
)
from tools import replies

ASKED = HumanMessage("这是什么季节？")
CALLED = AIMessage("", tool_calls=[{"name": "ask_image", "args": {"image": "img-1"}, "id": "1"}])


def result(text: str, state: str = "done", code: str = "") -> ToolMessage:
    artifact = {"state": state} | ({"error": {"code": code}} if code else {})
    return ToolMessage(text, tool_call_id="1", name="ask_image", artifact=artifact)


@pytest.mark.parametrize(
    ("turn", "report"),
    [
        ([ASKED], ""),
        ([ASKED, CALLED, result(replies.answered("夏天"))], "夏天。"),
        ([ASKED, CALLED, result("图片打不开", "failed", "unreadable")], "图片打不开。"),
        ([ASKED, CALLED, result("没有img-9", "failed", "tool_retry")], ""),
        ([ASKED, CALLED, result(replies.answered("夏天")), AIMessage("夏天。"), ASKED], ""),
    ],
)
def test_the_report_tells_what_this_turn_brought(turn: list[BaseMessage], report: str) -> None:
    assert report_of(turn) == report


def test_what_a_model_would_have_said_is_not_decoded() -> None:
    decoded = []

    def decoding() -> Iterator[Piece]:
        for piece in (Reasoning("嗯"), Words("\n"), Words("背天"), Words("，背天")):
            decoded.append(piece)
            yield piece

    assert list(in_words_of("夏天。", decoding())) == [
        Reasoning("嗯"),
        Words("\n"),
        Words("夏天。"),
    ]
    assert Words("，背天") not in decoded


def test_a_further_call_goes_through() -> None:
    call = CallStart(0, "speak")
    assert list(in_words_of("夏天。", iter([call]))) == [call]


def test_an_answer_is_kept_where_the_model_is_sure() -> None:
    said: list[Piece] = [Words("夏"), Words("天。")]
    assert list(in_words_of("说不准。", iter(said), lambda: False)) == said
    assert list(in_words_of("说不准。", iter(said), lambda: True)) == [Words("说不准。")]


def test_who_is_unsure_says_what_there_is_to_ask_for() -> None:
    assert "我会搜索图片、朗读" in unsure(["搜索图片", "朗读"])
    assert "我会" not in unsure([])


@pytest.mark.parametrize(
    "question",
    ["你会做什么？", "你能干啥", "你能做什么", "请问你都会些什么", "多模有什么功能", "怎么用你",
     "你可以帮我做什么呢", "帮助", "What can you do?"],
)  # fmt: skip
def test_who_asks_what_there_is_to_ask_for_is_told(question: str) -> None:
    assert asks_what_it_can(question)
    assert introduction(["搜索图片", "朗读"]).startswith("我会搜索图片、朗读。")


@pytest.mark.parametrize(
    "question",
    ["图里的人在做什么？", "这张图里有什么", "你好", "今天天气怎么样", "你能看看这张图里有什么吗",
     "你会画什么样的猫", "帮我找几张有拱桥的图",
     "他能做什么工作，你觉得呢，我想听听你的意见，越详细越好"],
)  # fmt: skip
def test_other_questions_are_left_to_the_model(question: str) -> None:
    assert not asks_what_it_can(question)


def test_the_examples_of_an_introduction_are_not_read_as_requests_later() -> None:
    titles = ["搜索图片", "朗读"]
    said = [
        HumanMessage("你会什么"),
        AIMessage(introduction(titles), id="told"),
        HumanMessage(introduction(titles)),
    ]
    read = as_trained(said, titles)
    assert read[1].text == "我能搜索图片、朗读，都在你自己的电脑上。"
    assert read[1].id == "told"
    assert [read[0], read[2]] == [said[0], said[2]]  # a person's words stay what they are
