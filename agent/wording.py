"""A person's own words, where a small model put none that mean anything into its call.

“我闺女爱独角兽，你给画一个呗” → a prompt 一个: what the person said draws better than that.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from agent.mending import Mend
from tools.handles import attachments_of

_EMPTY = re.compile(  # no word that means a thing is made of these alone
    r"[请麻烦劳驾帮忙我给替你您想要可以能不一二两三四五六七八九十几个张幅些下份图片照相画"
    r"找出来到搜索查看生成做弄再吧呗啊呀哈嘛吗的了\d\s\W_]*"
)
_LONGEST = 200  # letters: a longer story draws and finds worse than a guess


def says_nothing(words: str) -> bool:
    """Whether `words` name nothing that could be found or drawn."""
    return _EMPTY.fullmatch(words) is not None


def worded(question: str, scenes: Mapping[str, str]) -> dict[str, Mend]:
    """For each tool that works from words: put the person's in where a call has none.
    `scenes`: by the tool's name the argument that holds them."""
    words = attachments_of(question)[1].strip()
    if says_nothing(words) or len(words) > _LONGEST:
        return {}
    return {tool: partial(_with_words, field, words) for tool, field in scenes.items()}


def _with_words(field: str, words: str, given: dict[str, Any]) -> dict[str, Any]:
    said = given.get(field)
    return {**given, field: words} if isinstance(said, str) and says_nothing(said) else given
