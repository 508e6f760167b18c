"""What a person asked to be drawn, where a small model stopped copying it too early.

“画江南水乡，有桥和垂柳” → a prompt 江南水乡，桥. Only where the message is an order and nothing
else: what people say around a picture is rightly left out.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from langchain_core.messages import BaseMessage

from agent.history import last_turn
from agent.mending import Mend
from agent.offering import request_of
from tools.checks import bare
from tools.drawing_commands import without_commands

_MORE = re.compile(  # numbers, sizes, what isn't wanted, what came before, what comes next, talk
    r"[张幅份套款次种样出转换改变念读说讲听看查找搜存发照按再没无别缺用当我你您它这那\d?？!！“”\"「」]|不要|避免|比例|尺寸|像素"
    r"|[横竖][版屏幅构]|原样|刚才|上[面一]|之前|然后|接着|顺便|完[了后]|以后|参考|第|提示词|设想|就是|[吗呢吧呗呀啊哈嘛啦哦哟]|谢|请|劳"
    r"|拜托|麻烦|thank|thx|seed",
    re.IGNORECASE,
)


def whole(messages: Sequence[BaseMessage], scenes: Mapping[str, str]) -> dict[str, Mend]:
    """For each tool that works from words: all that is to be drawn, where a call has a part of it
    and nothing else. None once a tool has answered. `scenes`: by the tool's name the argument that
    holds them."""
    said = request_of(messages)
    asked = without_commands(said)
    is_order = bool(asked) and not said.startswith(asked[:2])
    if last_turn(messages) or not is_order or _MORE.search(asked):
        return {}
    return {tool: partial(_with_all, field, asked) for tool, field in scenes.items()}


def _with_all(field: str, asked: str, given: dict[str, Any]) -> dict[str, Any]:
    said = given.get(field)
    is_part = isinstance(said, str) and _left_of(bare(asked), bare(said))
    return {**given, field: asked} if is_part else given


def _left_of(letters: str, some: str) -> bool:
    """Whether `some` are among `letters`, in their order, but not all of them."""
    rest = iter(letters)
    return 0 < len(some) < len(letters) and all(letter in rest for letter in some)
