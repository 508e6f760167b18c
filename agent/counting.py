"""How many pictures a search shall find, where a small model leaves that out of its call."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from agent.mending import Mend
from agent.numerals import NUMERAL, number_of

# 第三张, 最后一张, 这两张 are pictures that are there already.
_COUNT = re.compile(rf"(?<!第)(?<!最后)(?<![这那上前下每哪])({NUMERAL})\s*[张幅]")
_ARGUMENT = "top_k"


def asked_count(question: str) -> int | None:
    """The first number of pictures in `question`: 找三张 → 3; 第三张 is none."""
    found = _COUNT.search(question)
    return None if found is None else number_of(found[1])


def counted(question: str, tools: Sequence[Mapping[str, Any]]) -> dict[str, Mend]:
    """For each tool that finds so many pictures: put the number in where a call says none."""
    count = asked_count(question)
    if count is None:
        return {}
    limits = limits_of(tools).items()
    return {name: partial(_with_count, count) for name, most in limits if count <= most}


def limits_of(tools: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The most pictures that each tool finds, of those that take a number."""
    functions = [tool["function"] for tool in tools]
    numbers = {f["name"]: f["parameters"].get("properties", {}).get(_ARGUMENT) for f in functions}
    return {name: int(field.get("maximum", 0)) for name, field in numbers.items() if field}


def _with_count(count: int, given: dict[str, Any]) -> dict[str, Any]:
    return {**given, _ARGUMENT: given.get(_ARGUMENT, count)}
