"""A call is about the text that was quoted last."""

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from agent.abilities import Abilities
from agent.quoting import about, named, shown
from tests.agent.calls import arguments_after
from tools.registry import discover

OURS = Abilities.of(discover().values())
PASSAGES = OURS.passages


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("那用英文 a red fox in snow 再算一遍", "a red fox in snow"),
        ("换成“渔歌唱晚”再算一次", "渔歌唱晚"),
        ("用“温柔”的声音念 good morning", "温柔"),
        ("“春”和“秋风”和“冬雪”比一比", None),
        ("PDF 里的图", None),
        ("再念 next stop, People's Square", "next stop, People's Square"),
        ("再来一张", None),
    ],
)
def test_one_text_is_named_or_none(question: str, text: str | None) -> None:
    assert named(question) == text


def told(said: str, tool: str, text: str, *after: BaseMessage) -> str:
    before = [HumanMessage("给图打分：红狐狸"), AIMessage("0.2")]
    mends = about([*before, HumanMessage(said), *after], PASSAGES)
    return str(arguments_after(mends, tool, text=text)["text"])


def test_an_older_text_gives_way_to_the_one_just_quoted() -> None:
    assert told("跟 morning fox 呢", "score_image", "红狐狸") == "morning fox"
    assert told("再读英文的 welcome to our shop", "speak", "透迎光临") == "welcome to our shop"
    assert told("念“早上好”", "speak", "") == "早上好"
    assert told("再念 next stop, please", "speak", "沛 stop") == "next stop, please"


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("用“温柔女声”读：今天天气很好！", "今天天气很好。"),  # from the question, but for a sign
        ("念“早上好”两遍", "早上好，早上好"),
        ("再算一遍", "红狐狸"),
    ],
)
def test_everything_else_stays_as_it_is(said: str, text: str) -> None:
    assert told(said, "speak", text) == text


def test_what_a_tool_has_found_may_be_read() -> None:
    found = ToolMessage("小心地滑", tool_call_id="c", name="read_text")
    assert told("读出图上的字，标题是“公告”", "speak", "小心地滑", found) == "小心地滑"


def test_a_drawing_keeps_the_prompt_that_the_model_wrote() -> None:
    assert told("把“一帆风顺”画出来", "generate_image", "大海上的帆船") == "大海上的帆船"


def drawn(said: str, prompt: str) -> str:
    mends = shown([HumanMessage(said)], OURS)
    return str(arguments_after(mends, "generate_image", prompt=prompt)["prompt"])


@pytest.mark.parametrize(
    ("said", "prompt", "whole"),
    [
        ('水墨画一幅，提示词原样用这句："野渡无人舟自横"', "提示词原样用这句：", "野渡无人舟自横"),
        ("把“轻舟已过万重山”画成水墨", "水墨", "水墨，轻舟已过万重山"),
        ("把“轻舟已过万重山”画出来", "轻舟已过万重山", "轻舟已过万重山"),
        ("画一张写着“春”的灯笼", "写着“春”的灯笼", "写着“春”的灯笼"),
        ("画一棵圣诞树，再念“圣诞快乐”给我听", "一棵圣诞树", "一棵圣诞树"),  # to be read
        ("画一只小鹿，和“小鹿”打个分", "森林", "森林"),  # to be compared
        ("把“春”和“秋”画成两张", "春", "春"),
        ("来张“年年有余”", "鲤鱼", "鲤鱼"),  # nothing says what is to be done with it
    ],
)
def test_what_is_quoted_is_drawn_where_nothing_else_is_to_be_done_with_it(
    said: str, prompt: str, whole: str
) -> None:
    assert drawn(said, prompt) == whole
