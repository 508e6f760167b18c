"""A person's own words, where a small model put none that mean anything into its call, or stopped
copying them too early.

“我闺女爱独角兽，你给画一个呗” → a prompt 一个: what the person said draws better than that.
“热腾腾的火锅，两张也行” → a query 热腾腾: what follows 的 is what it is about.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from agent.mending import Mend
from agent.offering import other_thing
from tools.handles import attachments_of

_EMPTY = re.compile(  # no word that means a thing is made of these alone
    r"(?:[我俺咱]家|[请麻烦劳驾帮忙我俺咱给替你您想要可以能不一二两三四五六七八九十几个张幅些下份图片照相"
    r"画找出来到搜索查看生成做弄再吧呗啊呀哈嘛吗的了\d\s\W_])*"
)
_REST = re.compile(  # of a phrase after 的, unless that is a medium or the end of the request
    r"的(?!.{0,3}(?:[图照画片像]|pic|logo|photo|海报|壁纸|素材|场景|封面|头像|[那这哪][几张]|[都话呢有也帮]))[^\s，,。.！!？?；;、：:“”\"]{2,8}"
    r"(?=[\s，,。.！!？?；;]|$)"
)
_KEPT = re.compile(
    r"[^，。！？；,.!?;]{0,8}(?:保留|保持|别动|别改|别变|不变|不要动|不用动|留着)[着了\W]*"
)
_LONGEST = 200  # letters: a longer story draws and finds worse than a guess


def says_nothing(words: str) -> bool:
    """Whether `words` name nothing that could be found or drawn."""
    return _EMPTY.fullmatch(words) is not None


def worded(question: str, scenes: Mapping[str, str]) -> dict[str, Mend]:
    """For each tool that works from words: put the person's in where a call has none, or half of
    a phrase. `scenes`: by the tool's name the argument that holds them."""
    words = attachments_of(question)[1].strip()
    if other := other_thing(words):
        return {tool: partial(_with_thing, field, other) for tool, field in scenes.items()}
    if says_nothing(words) or len(words) > _LONGEST:
        return {}
    return {tool: partial(_with_words, field, words) for tool, field in scenes.items()}


def kept(question: str, wishes: Mapping[str, str]) -> dict[str, Mend]:
    """For each tool that changes something: all that the person said, where a call says only what
    should stay. `wishes`: by the tool's name the argument that holds the change."""
    words = attachments_of(question)[1].strip()
    if len(words) > _LONGEST:
        return {}
    return {tool: partial(_with_change, field, words) for tool, field in wishes.items()}


def _with_change(field: str, words: str, given: dict[str, Any]) -> dict[str, Any]:
    said = given.get(field)
    is_half = isinstance(said, str) and said in words and _KEPT.fullmatch(said)
    return {**given, field: words} if is_half else given


def _with_thing(field: str, thing: str, given: dict[str, Any]) -> dict[str, Any]:
    said = given.get(field)
    is_old = isinstance(said, str) and not set(said) & set(thing)
    return {**given, field: thing} if is_old else given


def _with_words(field: str, words: str, given: dict[str, Any]) -> dict[str, Any]:
    said = given.get(field)
    if not isinstance(said, str):
        return given
    return {**given, field: words if says_nothing(said) else _whole_phrase(said, words)}


def _whole_phrase(said: str, words: str) -> str:
    """`said` with what follows it in `words`, where it breaks off before 的."""
    _, found, after = words.partition(said)
    rest = _REST.match(after) if found else None
    return said if rest is None or says_nothing(rest[0]) else said + rest[0]
