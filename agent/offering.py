"""Which tools the first reply to a person's words may call, where the words leave no doubt and a
small model has some: “第三张呢” goes on with what the last turn did; “噪点忒多，给清理清理” is no
question about the picture."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.messages import BaseMessage, HumanMessage

from agent.abilities import Abilities
from agent.grammar import Schema
from agent.history import asked, calls_of, last_turn
from agent.numerals import NUMERAL
from tools.handles import attachments_of, kind_of

_SO = r"(?:嗯|哦|好的?|那么?|再|还有|[\s，,])*"
_END = r"[？?。！!\s]*"
_THAT_PICTURE = re.compile(
    rf"{_SO}(?:(?:倒数)?第(?:{NUMERAL})[张幅]|最后(?:那|这)?一?[张幅]|另外?那?一?[张幅]|img-\d+)[呢咧]?{_END}"
)
_THAT = re.compile(rf"{_SO}那么?([^，,。？?！!]{{1,10}})呢{_END}")
_QUOTED = re.compile('“[^”]*”|「[^」]*」|『[^』]*』|"[^"]*"')
_SEEN = re.compile("[图照屏张幅这那里看瞧]|画[中上面]|[相片]片|[上下]面")  # speaks of a picture
_COMPOSES = re.compile(rf"[写编拟](?:{NUMERAL}|几)?[句段首篇条]")  # words, and no picture
_THIS_PICTURE = re.compile(rf"第(?:{NUMERAL})[张幅]|[这那][张幅]")
_LONGEST = 300  # letters
_POLITE = re.compile(rf"能不能|可不可以|能否|(?:好|行|成|可以|要得)?[吗么嘛呗吧不没]?{_END}$")
_ASKS = re.compile(
    "[?？吗么嘛呢]|什么|啥|几|多少|哪|谁|咋|怎|是不是|有没有|是否|还是|对不对|如何|[看瞧瞅]|描述|说|讲|数|介绍"
    "|分析|总结|解释|评|辨|认|告诉|念|读|问"
)


@dataclass(frozen=True)
class Offer:
    """`tools` that a reply may call, and whether it must call one."""

    tools: Sequence[Schema]
    must: bool = False


def offered(
    messages: Sequence[BaseMessage],
    tools: Sequence[Schema],
    handles: Sequence[str],
    ours: Abilities,
) -> Offer:
    """All of `tools`, or those that the last words leave; `ours`: what the tools say of
    themselves."""
    said = request_of(messages)
    if last_turn(messages) or not said:
        return Offer(tools)
    if going_on := _going_on(said, messages, tools, ours):
        return Offer(going_on, must=True)
    if making := _changing_on(said, messages, tools, ours):
        return Offer(making, must=True)
    has_picture = any(kind_of(handle) == "image" for handle in handles)
    barred = _beside_a_drawing(said, tools, ours, has_picture=has_picture)
    is_asked = not _wants_change(said, tools, ours) if has_picture else _SEEN.search(said)
    if not is_asked:
        barred |= ours.questions
    if _COMPOSES.search(said):
        barred |= _beside_writing(said, tools, ours)
    return Offer([tool for tool in tools if name_of(tool) not in barred])


def request_of(messages: Sequence[BaseMessage]) -> str:
    """What the person said last, files apart; empty where it is so long that it holds a text."""
    said = attachments_of(asked(messages))[1]
    return said if len(said) <= _LONGEST else ""


def _going_on(
    said: str, messages: Sequence[BaseMessage], tools: Sequence[Schema], ours: Abilities
) -> Sequence[Schema]:
    """The tool of the turn before, where only another picture or another thing is named. (Another
    thing says nothing of how to change a picture.)"""
    calls = calls_of(_turn_before(messages))
    last = [tool for tool in tools if calls and name_of(tool) == calls[-1]["name"]]
    if _THAT_PICTURE.fullmatch(said):
        return [tool for tool in last if takes_picture(tool)]
    is_change = bool(last) and name_of(last[0]) in ours.wishes
    return last if len(calls) == 1 and other_thing(said) and not is_change else []


def other_thing(said: str) -> str | None:
    """What is asked for in place of the last turn's: 枇杷 in “那枇杷呢”."""
    match = _THAT.fullmatch(said)
    return match[1] if match and not _ASKS.search(match[1]) else None


def _turn_before(messages: Sequence[BaseMessage]) -> Sequence[BaseMessage]:
    """What followed the person's words before the last ones."""
    spoken = [i for i, message in enumerate(messages) if isinstance(message, HumanMessage)]
    return messages[spoken[-2] + 1 : spoken[-1]] if len(spoken) > 1 else []


def _changing_on(
    said: str, messages: Sequence[BaseMessage], tools: Sequence[Schema], ours: Abilities
) -> Sequence[Schema]:
    """What makes pictures, where the one just made is to become another."""
    names = ours.dues.keys() & {*ours.wishes, *ours.scenes}
    makers = [tool for tool in tools if name_of(tool) in names]
    calls = calls_of(_turn_before(messages))
    was_made = bool(calls) and calls[-1]["name"] in names
    is_alone = not any(_is_due(name, said, ours) for name in ours.dues.keys() - names)
    return makers if was_made and is_alone and _wants_change(said, tools, ours) else []


def _wants_change(said: str, tools: Sequence[Schema], ours: Abilities) -> bool:
    """Whether a picture is to be changed, and nothing to be told of it."""
    is_due = any(_is_due(name, said, ours) for name in map(name_of, tools) if name in ours.wishes)
    return is_due and not _ASKS.search(_POLITE.sub("", said))


def _beside_a_drawing(
    said: str, tools: Sequence[Schema], ours: Abilities, *, has_picture: bool
) -> frozenset[str]:
    """What is not meant where something is to be drawn: to read out what stands in quotes, and any
    step on a picture where there is none."""
    if not any(_is_due(name, said, ours) for name in map(name_of, tools) if name in ours.scenes):
        return frozenset()
    rest = _QUOTED.sub("", said)
    unasked = (name for name, cue in ours.cues.items() if not re.search(cue, rest))
    on_pictures = (name_of(tool) for tool in tools if not has_picture and takes_picture(tool))
    return frozenset([*unasked, *on_pictures])


def _beside_writing(said: str, tools: Sequence[Schema], ours: Abilities) -> frozenset[str]:
    """All that is not asked for as well, where the model is to write something itself."""
    aloud = {n for n in ours.passages.keys() & ours.cues if re.search(ours.cues[n], said)}
    about = ours.questions if _THIS_PICTURE.search(said) else frozenset[str]()
    return frozenset(
        name
        for name in map(name_of, tools)
        if not _is_due(name, said, ours) and name not in aloud | about
    )


def _is_due(name: str, said: str, ours: Abilities) -> bool:
    due = ours.dues.get(name)
    return due is not None and re.search(due.words, said) is not None


def takes_picture(tool: Schema) -> bool:
    return "image" in tool["function"]["parameters"]["properties"]


def name_of(tool: Schema) -> str:
    return str(tool["function"]["name"])
