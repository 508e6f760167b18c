"""The first call is one that the person's words leave."""

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolCall, ToolMessage

from agent.abilities import Abilities
from agent.offering import Offer, offered
from tools.registry import discover, schemas

OURS = Abilities.of(discover().values())
ALL = frozenset(schemas())
FOUND = "找到2张图片：img-1、img-2"


def turn(said: str, name: str = "", result: str = "", **arguments: object) -> list[BaseMessage]:
    if not name:
        return [HumanMessage(said), AIMessage("好。")]
    call = AIMessage("", tool_calls=[ToolCall(name=name, args=arguments, id=name)])
    answer = ToolMessage(result, tool_call_id=name, name=name)
    return [HumanMessage(said), call, answer, AIMessage("好了。")]


def offer(said: str, *before: BaseMessage, pictures: int = 2) -> Offer:
    handles = [f"img-{number}" for number in range(1, pictures + 1)]
    return offered([*before, HumanMessage(said)], list(schemas().values()), handles, OURS)


def names(given: Offer) -> frozenset[str]:
    return frozenset(tool["function"]["name"] for tool in given.tools)


def test_an_ordinary_request_may_call_anything_or_nothing() -> None:
    given = offer("这张图里有什么？")
    assert names(given) == ALL
    assert not given.must


@pytest.mark.parametrize("said", ["第二张呢", "那最后一张呢？", "另一张呢", "好，那第2张"])
def test_another_picture_gets_what_the_last_one_got(said: str) -> None:
    read = turn("[img-1][img-2]认认第一张上的字", "read_text", "img-1里的文字：\n春", image="img-1")
    assert offer(said, *read) == Offer([schemas()["read_text"]], must=True)


def test_another_thing_is_found_as_the_last_one_was() -> None:
    given = offer("那枇杷呢", *turn("找石榴", "search_images", FOUND, query="石榴"))
    assert given == Offer([schemas()["search_images"]], must=True)


def test_another_thing_after_a_change_is_no_change() -> None:
    made = turn(
        "改成夜晚", "edit_image", "已修改img-1，得到img-2", image="img-1", instruction="改成夜晚"
    )
    assert not offer("那灯塔呢", *made).must


@pytest.mark.parametrize("said", ["那怎么办呢", "那第二张里是什么呢", "那呢", "第二张"])
def test_a_question_of_its_own_is_no_follow_up(said: str) -> None:
    given = offer(said, *turn("找石榴", "search_images", FOUND, query="石榴"))
    assert "ask_image" in names(given)
    assert not given.must


def test_nothing_is_gone_on_with_after_plain_words() -> None:
    assert not offer("第二张呢", *turn("你好")).must
    assert not offer("第二张呢").must


@pytest.mark.parametrize(
    "said",
    ["夜里拍的噪点忒多，给清理清理", "这张拍歪了，扶正", "能不能把水印去掉", "尾巴能再长点不"],
)
def test_an_order_to_change_a_picture_is_no_question_about_it(said: str) -> None:
    assert names(offer(f"[img-1]{said}")) == ALL - {"ask_image"}


@pytest.mark.parametrize(
    "said", ["水印去掉了吗，看看", "这里能换成什么颜色", "先数数有几个人，再去掉他们"]
)
def test_a_question_beside_a_change_may_be_asked(said: str) -> None:
    assert "ask_image" in names(offer(f"[img-1]{said}"))


def test_a_picture_just_made_becomes_another() -> None:
    drawn = turn("画一支骆驼队", "generate_image", "已画好：img-1", prompt="骆驼队")
    given = offer("骆驼队能再多一点吗", *drawn)
    assert names(given) == {"edit_image", "generate_image"}
    assert given.must
    assert not offer("改成音频，生成语音", *drawn).must


def test_a_quotation_to_be_drawn_is_not_read_aloud() -> None:
    given = offer("“大漠孤烟直，长河落日圆”，把这句画出来", pictures=0)
    assert names(given) == {"generate_image", "search_images", "transcribe_audio"}
    assert "speak" in names(offer("画一只小鹿，再念一遍“早上好”"))
    assert "score_image" in names(offer("画一只小鹿，再给第一张打分"))


def test_without_a_picture_nothing_is_asked_of_one_unless_it_is_spoken_of() -> None:
    assert "ask_image" not in names(offer("敦煌壁画在什么地方", pictures=0)) | names(
        offer("夏天热还是冬天热", pictures=0)
    )
    assert "ask_image" in names(offer("这张图里有几个人", pictures=0))  # the tool asks for it


def test_what_is_to_be_written_is_no_tools_work() -> None:
    assert names(offer("图先这样。再写三句话介绍张骞")) == set()
    assert names(offer("写一句祝福，再画一张贺卡", pictures=0)) == {"generate_image"}
    assert names(offer("写一句祝福，念出来")) == {"speak"}
    assert names(offer("给第二张写一句描述")) == {"ask_image"}


def test_a_long_text_leaves_everything_open() -> None:
    assert names(offer("把水印去掉。" + "很长的故事，" * 60)) == ALL


def test_once_a_tool_has_answered_everything_is_offered_again() -> None:
    [said, call, result, _] = turn("第二张呢", "read_text", "img-2里没有文字。", image="img-2")
    given = offered([said, call, result], list(schemas().values()), ["img-1"], OURS)
    assert given == Offer(list(schemas().values()))
