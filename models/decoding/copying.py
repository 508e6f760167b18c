"""Arguments in the conversation's own words, for a language model that is bad at rare characters.

A small model knows that a name is to be copied and still writes a likelier one (貔貅 became 硇纡).
While an argument of a tool call is written, tokens with letters that nobody has used are made less
likely, and a little those that nowhere follow the letter before: a soft form of the pointer in See
et al. 2017 (Get To The Point), without training.
"""

import codecs
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import torch

from models.decoding.verbatim import Due, Stretches

_DECODER = codecs.getincrementaldecoder("utf-8")
# An argument of a call that is not closed yet: the tool's name, and what there is of the value.
_VALUE = re.compile(r'"name": "(\w+)", "arguments": .*[:\[] ?"((?:[^"\\]|\\.)*)$', re.DOTALL)
_WORD = re.compile(r"[A-Za-z]+")
_FREE = frozenset(" ，。、-0123456789")  # what stands between copied words, and in handles
_END = '"'
_WHOLE = 2  # times the penalty, for leaving what is copied whole
_LEAP = 1 / 3  # of the penalty, for going on elsewhere in the text


@dataclass(frozen=True)
class Source:
    """What has been said, which arguments are copied from. A call stands between two tokens.

    `request`: the last of it that the person said; `may_open`: whether a guess may give way to a
    call. `by_heart`: tools whose text may also be one that the model knows."""

    text: str
    by_heart: frozenset[str] = frozenset()
    request: str = ""
    may_open: bool = False
    begin: str = "<tool_call>"
    end: str = "</tool_call>"


class CopyPenalty:
    """Follows one generation token by token; what is no argument is left alone."""

    def __init__(self, vocabulary: Sequence[bytes], source: Source, penalty: float) -> None:
        """`vocabulary`: the bytes of each token. `penalty`: in nats, taken off the logit of each
        token that is not in the text of `source`."""
        self._vocabulary, self._source, self._penalty = vocabulary, source, penalty
        self._text, self._letters = source.text, frozenset(source.text) | _FREE
        self._stretches = Stretches(source.text, source.request)
        self._begin, self._end = source.begin.encode(), source.end.encode()
        self._known = _with_beginnings(self._letters)
        self._call: str | None = None  # as far as it is written
        self._pending = b""  # of a letter that is not whole yet
        self._tables: dict[bytes, _Table] = {}

    def apply(self, logits: torch.Tensor) -> None:
        """Lower logits [vocabulary] in place, inside an argument."""
        argument = _VALUE.search(self._call or "")
        if argument is None:
            return
        aloud = argument[1] in self._source.by_heart
        due = self._stretches.due(argument[2], aloud=aloud)
        if due is not None:
            logits -= _WHOLE * self._penalty * self._leaving(due).to(logits)
        if aloud or (due is not None and not due.others):
            return
        table = self._table(self._pending)
        costs = table.foreign
        if (before := argument[2][-1:]) and before not in _FREE:
            follow = _with_beginnings(self._after(before) | _FREE | {_END})
            leaps = torch.tensor([first not in follow for first in table.firsts])
            costs = torch.maximum(costs, _LEAP * leaps)
        logits -= self._penalty * costs.to(logits)

    def accept(self, token: int) -> None:
        written = self._vocabulary[token]
        if written in (self._begin, self._end):
            self._call, self._pending = "" if written == self._begin else None, b""
        elif self._call is not None:
            text, self._pending = _decoded(self._pending + written)
            self._call += text

    def _leaving(self, due: Due) -> torch.Tensor:
        """[vocabulary]: 1 for tokens that do not go on as is due."""
        leaving = self._digits.clone() if due.others else torch.ones(len(self._vocabulary))
        for rest in due.rests:
            if not rest.startswith(self._pending) or rest == self._pending:
                continue
            after = rest[len(self._pending) :]
            for token in self._beginning[after[0]]:
                written = self._vocabulary[token]
                if after.startswith(written) or written.startswith(after):
                    leaving[token] = 0
        return leaving

    @cached_property
    def _beginning(self) -> dict[int, list[int]]:
        """Tokens by their first byte."""
        found: dict[int, list[int]] = defaultdict(list)
        for token, written in enumerate(self._vocabulary):
            if written:
                found[written[0]].append(token)
        return found

    @cached_property
    def _digits(self) -> torch.Tensor:
        return torch.tensor([float(written[:1].isdigit()) for written in self._vocabulary])

    def _after(self, letter: str) -> frozenset[str]:
        """What follows `letter` anywhere in the text."""
        pairs = zip(self._text, self._text[1:], strict=False)
        return frozenset(later for earlier, later in pairs if earlier == letter)

    def _table(self, pending: bytes) -> "_Table":
        if pending not in self._tables:
            written = [_decoded(pending + new) for new in self._vocabulary]
            foreign = torch.tensor([self._is_foreign(*whole) for whole in written])
            firsts = [text[:1] or rest for text, rest in written]
            self._tables[pending] = _Table(foreign.float(), firsts)
        return self._tables[pending]

    def _is_foreign(self, text: str, rest: bytes) -> bool:
        if text.startswith(_END):
            return False
        letters = self._letters.issuperset(_WORD.sub("", text))
        words = all(word in self._text for word in _WORD.findall(text))
        return not letters or not words or bool(rest and rest not in self._known)


@dataclass(frozen=True)
class _Table:
    """Of every token, after the bytes that stand before it: `foreign` [vocabulary], 1 for what
    nobody has said, and its first letter, or the bytes that begin one."""

    foreign: torch.Tensor
    firsts: list[str | bytes]


def _with_beginnings(letters: frozenset[str]) -> frozenset[str | bytes]:
    """Letters, and the bytes that each may begin with."""
    encoded = [letter.encode(errors="ignore") for letter in letters]
    return letters.union(whole[:n] for whole in encoded for n in range(len(whole)))


@lru_cache(2**16)
def _decoded(written: bytes) -> tuple[str, bytes]:
    """The whole letters, and the bytes of one that has only begun."""
    decoder = _DECODER("ignore")
    return decoder.decode(written), decoder.getstate()[0]
