"""A new tool says what its words are, and a small model is helped with them."""

from typing import Annotated

from pydantic import Field

from agent.abilities import Abilities
from tools.checks import Sentence
from tools.context import ToolContext
from tools.contract import Arguments, ToolOutput, tool
from tools.marks import Cue, Due, Passage, Question, Scene, Wish


class Engraving(Arguments):
    motif: Annotated[Sentence, Scene()]
    inscription: Annotated[str, Passage(by_heart=True), Cue("刻|雕")] | None = Field(
        None, max_length=20
    )
    correction: Annotated[Sentence, Wish(), Due("重刻", frozenset({"rest"}))] | None = None
    doubt: Annotated[Sentence, Question()] = ""
    depth: int = 1


class Blank(Arguments):
    pass


@tool(title_zh="雕刻", title_en="Engrave", icon="carpenter")
def engrave(arguments: Engraving, context: ToolContext) -> ToolOutput:
    """刻一块木牌。"""
    return ToolOutput("好了")


@tool(title_zh="休息", title_en="Rest", icon="bed")
def rest(arguments: Blank, context: ToolContext) -> ToolOutput:
    """歇一会。"""
    return ToolOutput("好了")


def test_a_tool_says_which_of_its_arguments_hold_a_persons_words() -> None:
    ours = Abilities.of([engrave, rest])
    assert ours.titles == ("雕刻", "休息")
    assert ours.scenes == {"engrave": "motif"}
    assert ours.wishes == {"engrave": "correction"}
    assert ours.cues == {"engrave": "刻|雕"}
    assert ours.dues == {"engrave": Due("重刻", frozenset({"rest"}))}
    assert ours.questions == {"engrave"}
    assert ours.passages == {"engrave": "inscription"}
    assert ours.by_heart == {"engrave"}
    assert Abilities.of([]) == Abilities()
