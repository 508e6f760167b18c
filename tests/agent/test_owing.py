"""A turn does not end before every step that was asked for has been made."""

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolCall, ToolMessage

from agent.abilities import Abilities
from agent.owing import insisted, owed
from agent.parsing import CallStart, Piece, Words
from tools.registry import discover, schemas

OURS = Abilities.of(discover().values())
FOUND = "找到1张图片：img-1"


def step(name: str, result: str, **arguments: object) -> list[BaseMessage]:
    call = ToolCall(name=name, args=arguments, id=name)
    return [AIMessage("", tool_calls=[call]), ToolMessage(result, tool_call_id=name, name=name)]


def due(said: str, *steps: BaseMessage) -> str | None:
    tool = owed([HumanMessage(said), *steps], list(schemas().values()), OURS.dues)
    return None if tool is None else str(tool["function"]["name"])


FIND = step("search_images", FOUND, query="荷花")
LOOK = step("ask_image", "回答：两只猫。", image="img-1", question="有什么")
DRAW = step("generate_image", "已画好：img-1", prompt="圣诞树")
CHANGE = step("edit_image", "已修改img-1，得到img-2", image="img-1", instruction="改成夜晚")


@pytest.mark.parametrize(
    ("said", "steps", "name"),
    [
        ("搜一张荷花的图，改成夜晚的", FIND, "edit_image"),
        ("[img-1]看看这张讲的是什么，编成一句话读出来", LOOK, "speak"),
        ("生成一张圣诞树，加上一句“圣诞快乐”的语音", DRAW, "speak"),
        ("画一只小鹿，再给它打个和“小鹿”的匹配分", DRAW, "score_image"),
        ("[img-1]分析一下配色，用同样的颜色画一张咖啡馆", LOOK, "generate_image"),
        ("搜荷花，改成夜晚，再念给我听", FIND, "edit_image"),  # in the order of the words
        ("搜荷花，改成夜晚，再念给我听", [*FIND, *CHANGE], "speak"),
    ],
)
def test_what_was_asked_for_is_owed(said: str, steps: list[BaseMessage], name: str) -> None:
    assert due(said, *steps) == name


@pytest.mark.parametrize(
    ("said", "steps"),
    [
        ("找荷花", FIND),
        ("搜一张荷花的图，改成夜晚的", [*FIND, *CHANGE]),
        ("搜一张荷花的图，改成夜晚的", []),  # the first call is the model's own
        ("俺家老黄牛的相片搁哪儿去了", FIND),
        ("换成八张", FIND),
        (
            "[aud-1]老妈发的语音，翻成字",
            step("transcribe_audio", "aud-1的内容：\n你好", audio="aud-1"),
        ),
        ("[aud-1]转写这段语音", step("transcribe_audio", "aud-1的内容：\n你好", audio="aud-1")),
        ("[img-1]把上面的字读出来", step("read_text", "img-1里的文字：\n春", image="img-1")),
        (
            "换成“渔歌唱晚”再打个分",
            step("score_image", "img-1的图文分0.5", image="img-1", text="渔"),
        ),
        ("换成wedding再比一次", step("score_image", "img-1的图文分0.5", image="img-1", text="a")),
        ("[img-1]把它变成文字", step("read_text", "img-1里的文字：\n春", image="img-1")),
        ("找荷花的图给公众号配图", FIND),
        ("照着它画一张夜景", CHANGE),
    ],
)
def test_nothing_is_owed_that_was_done_or_not_asked_for(
    said: str, steps: list[BaseMessage]
) -> None:
    assert due(said, *steps) is None


@pytest.mark.parametrize(
    ("name", "result", "arguments"),
    [
        ("search_images", "没有找到相符的图片。", {"query": "荷花"}),
        ("find_similar_images", "没有找到相似的图片。", {"image": "img-1"}),
        ("read_text", "img-1里没有文字。", {"image": "img-1"}),
        ("transcribe_audio", "aud-1里没有听到说话。", {"audio": "aud-1"}),
    ],
)
def test_after_a_step_that_found_nothing_nothing_is_owed(
    name: str, result: str, arguments: dict[str, object]
) -> None:
    assert due("改成夜晚，再念给我听", *step(name, result, **arguments)) is None


def test_words_of_a_long_text_are_no_request() -> None:
    assert due("搜一张荷花的图。" + "念给大家听的故事，" * 40, *FIND) is None


def test_after_a_step_that_failed_nothing_is_owed() -> None:
    [call, _] = FIND
    failed = ToolMessage("图库坏了", tool_call_id="search_images", status="error")
    assert due("搜一张荷花的图，改成夜晚的", call, failed) is None


def test_a_picture_is_not_changed_where_no_step_had_one() -> None:
    heard = step("transcribe_audio", "aud-1的内容：\n改成夜晚", audio="aud-1")
    assert due("[aud-1]听听他说改成什么样", *heard) is None


def test_a_report_gives_way_to_the_call_and_a_call_stays() -> None:
    call: list[Piece] = [CallStart(0, "edit_image")]
    closed = []

    def reply(*pieces: Piece):  # type: ignore[no-untyped-def]
        try:
            yield from pieces
        finally:
            closed.append(True)

    assert list(insisted(reply(Words("\n"), Words("找到了。")), lambda: iter(call)))[1:] == call
    assert closed == [True]
    assert list(insisted(reply(*call, Words("。")), lambda: iter(()))) == [*call, Words("。")]
