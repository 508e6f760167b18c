"""Recalling what the same call answered before, instead of leasing the model again.

Only for work whose result follows from its inputs: greedy decoding, an embedding, a search of a
library that has not changed. The key holds the inputs (files by their content, never by handle),
the weights of every role that takes part, and the version of the program.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from tools.answer_cache import AnswerCache

if TYPE_CHECKING:
    from models.residency import Residency

Value = TypeVar("Value")

_WIDTHS = ("<wide>", "<narrow>")
_END = "。．.！!？?…~～,，;； "
_ASKING = "看看|看一下|看下|数数|数一下|说说|说一下|描述|告诉我|回答|找一|找几|搜一|搜几"
_PLEASE = re.compile(
    rf"请问[，, ]*|(?:请你|请您|请|麻烦你|麻烦您|麻烦|劳驾|帮我|帮忙)+[，, ]*(?={_ASKING})"
)


def same_question(text: str) -> str:
    """`text` without what surely changes nothing: width, spaces, polite words, the last marks.

    Case stays: a question may be about letters. NFKC would turn 2² into 22, so only width is
    folded; 请 goes where asking follows it, and stays in 请柬.

    >>> same_question("请问，图里有几个人？")
    '图里有几个人'
    """
    folded = "".join(map(_narrow, unicodedata.normalize("NFC", text)))
    spaced = " ".join(folded.split())
    polite = _PLEASE.match(spaced)
    return spaced[polite.end() if polite else 0 :].rstrip(_END) or text


@dataclass
class Recall:
    """Of one call. `fresh`: the person wants it done again; `hit`: an answer was recalled."""

    cache: AnswerCache | None
    fresh: bool = False
    hit: bool = field(default=False, init=False)

    def __call__(
        self,
        tool: str,
        inputs: Mapping[str, Any],
        weights: Mapping[str, str],
        compute: Callable[[], Value],
        keep: Callable[[Value], bool],
    ) -> Value:
        """What `compute` returns (JSON), or returned for the same inputs and weights."""
        if self.cache is None:
            return compute()
        key = _key([self.cache.version, tool, dict(inputs), dict(weights)])
        if not self.fresh and (known := self.cache.get(key)) is not None:
            self.hit = True
            value: Value = known
            return value
        value = compute()
        if keep(value):
            self.cache.put(key, value)
        return value


def weights_of(roles: tuple[str, ...], residency: "Residency") -> dict[str, str]:
    """Role → which weights serve it, of the roles that the profile has."""
    return {role: residency.weights(role) for role in roles if residency.has(role)}


def _key(parts: list[Any]) -> str:
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _narrow(character: str) -> str:
    if unicodedata.decomposition(character).startswith(_WIDTHS):
        return unicodedata.normalize("NFKC", character)
    return character
