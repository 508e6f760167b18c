import pytest

from agent.afresh import asks_afresh
from tests.agent.conftest import MakeWorld, Nothing
from tools.context import ToolContext
from tools.contract import ToolOutput, tool

SEEN: list[bool] = []


@tool(title_zh="记", title_en="Note", icon="edit")
def note(arguments: Nothing, context: ToolContext) -> ToolOutput:
    """记下来。"""
    SEEN.append(context.recall.fresh)
    return ToolOutput("记下了")


@pytest.mark.parametrize("text", ["重新做", "再读一遍", "重新识别一下", "不用缓存，看看这张"])
def test_words_that_ask_for_it_anew_are_heard(text: str) -> None:
    assert asks_afresh(text)


@pytest.mark.parametrize("text", ["找一张桥的图", "再来一张", "再画一只猫", "重阳节的图"])
def test_others_are_not(text: str) -> None:
    assert not asks_afresh(text)


def test_a_turn_carries_the_wish_to_its_tools(make_world: MakeWorld) -> None:
    world = make_world(*[("note", "{}"), "好"] * 3, tools=[note])
    conversation = world.conversation()
    for text, fresh in (("看", False), ("看", True), ("再看一遍", False)):
        world.told(world.runs.start(conversation, text, fresh=fresh))
    assert SEEN == [False, True, True]
