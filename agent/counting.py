"""How many pictures to find or draw, where a small model leaves that out of its call."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from agent.mending import Mend
from agent.numerals import NUMERAL, number_of

# 第三张, 最后一张, 这两张 are pictures that are there already.
_COUNT = re.compile(rf"(?<!第)(?<!最后)(?<![这那上前下每哪])({NUMERAL})\s*[张幅]")
_DRAWN = re.compile(rf"(?:画|绘|生成|来|做)\s*({NUMERAL})\s*[张幅]")  # not three chairs (三张椅子)
_OF_PICTURES = re.compile("[张幅份套款版种次]|方案")
_OF_THINGS = re.compile(rf"({NUMERAL})\s*[^\W\d张幅]")
_ASKED = {"top_k": _COUNT, "count": _DRAWN}
"""By the argument that takes the number: where a person says it."""


def asked_count(question: str, argument: str = "top_k") -> int | None:
    """The first number of pictures in `question`: 找三张 → 3; 第三张 is none."""
    found = _ASKED[argument].search(question)
    return None if found is None else number_of(found[1])


def counted(question: str, tools: Sequence[Mapping[str, Any]]) -> dict[str, Mend]:
    """For each tool that finds or draws so many pictures: put the number in where a call says
    none."""
    mends: dict[str, Mend] = {}
    for tool in tools:
        function = tool["function"]
        for argument, field in function["parameters"].get("properties", {}).items():
            count = asked_count(question, argument) if argument in _ASKED else None
            if count is None or count == field.get("default"):
                continue
            if count <= field.get("maximum", 0):
                mends[function["name"]] = partial(_with_count, argument, count)
    return mends


def uncounted(question: str, scenes: Mapping[str, str]) -> dict[str, Mend]:
    """For each tool that draws: one picture, where a call takes the number of things for that of
    pictures (画三只鸭子 → three pictures). `scenes`: by the tool's name the argument that says what
    is drawn."""
    if _OF_PICTURES.search(question):
        return {}
    return {tool: partial(_without_count, field) for tool, field in scenes.items()}


def _without_count(field: str, given: dict[str, Any]) -> dict[str, Any]:
    of_things = (number_of(found) for found in _OF_THINGS.findall(str(given.get(field, ""))))
    if given.get("count") not in set(of_things):
        return given
    return {name: value for name, value in given.items() if name != "count"}


def _with_count(argument: str, count: int, given: dict[str, Any]) -> dict[str, Any]:
    return {**given, argument: given.get(argument, count)}
