"""Token ids → text → what a reply says: words, reasoning and tool calls, as early as certain."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"  # what a tokenizer shows for half a character


@dataclass(frozen=True)
class Words:
    """Text for the person."""

    text: str


@dataclass(frozen=True)
class Reasoning:
    """Text that the model thinks aloud."""

    text: str


@dataclass(frozen=True)
class CallStart:
    """The name of the `index`-th call of this reply (from 0) is decoded; arguments follow."""

    index: int
    name: str


@dataclass(frozen=True)
class CallArguments:
    """More of the JSON arguments of call `index`."""

    index: int
    delta: str


Piece = Words | Reasoning | CallStart | CallArguments


def detokenise(
    token_ids: Iterable[int], decode: Callable[[list[int]], str], hidden: frozenset[int]
) -> Iterator[str]:
    """Text as it becomes certain; `hidden` ids (end of turn and the like) are left out.

    A character may be spread over several tokens: text is only given out once it does not end
    in half a character. The window that is decoded again starts one piece back, because a
    tokenizer may write a token differently at the start of a text.
    """
    ids: list[int] = []
    start, done = 0, 0
    for token_id in token_ids:
        if token_id in hidden:
            continue
        ids.append(token_id)
        known = decode(ids[start:done])
        text = decode(ids[start:])
        if len(text) > len(known) and not text.endswith(REPLACEMENT):
            yield text[len(known) :].replace(REPLACEMENT, "")  # bytes that are no character
            start, done = done, len(ids)


class CallReader(Protocol):
    """Reads what stands between the tags of one call; `count`: the calls that began in it."""

    count: int

    @property
    def in_string(self) -> bool:
        """Whether a tag would be part of an argument just now."""

    def feed(self, text: str) -> list[Piece]: ...

    def finish(self) -> list[Piece]: ...


@dataclass(frozen=True)
class Tags:
    """The markup of a family: what opens and closes calls, and what only stands around them."""

    opens: tuple[str, ...] = ("<tool_call>",)
    closes: tuple[str, ...] = ("</tool_call>",)
    around: tuple[str, ...] = ()
    thoughts: tuple[str, str] = ("<think>", "</think>")

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.thoughts, *self.opens, *self.closes, *self.around)


HERMES = Tags()


class ReplyParser:
    """Reads one reply. Markup never comes out as words, whole or in part.

    Once begun, a call is only left by its end tag, outside any string of its JSON: whatever stands
    in it is no words. `reader(index, tag)` reads a call that `tag` opened.
    """

    def __init__(self, tags: Tags, reader: Callable[[int, str], CallReader]) -> None:
        self._tags, self._reader = tags, reader
        self._held = ""  # read, but may be the beginning of a tag
        self._mode = "words"
        self._blank = ""  # white space that is only words if words follow
        self._spoken = False
        self._calls = 0
        self._call = reader(0, "")

    def feed(self, text: str) -> list[Piece]:
        self._held += text
        pieces: list[Piece] = []
        while (found := _first_tag(self._held, self._closing_tags())) is not None:
            at, tag = found
            pieces += self._take(self._held[:at])
            self._held = self._held[at + len(tag) :]
            in_argument = self._mode == "call" and self._call.in_string
            pieces += self._take(tag) if in_argument else self._enter(tag)
        safe = len(self._held) - _beginning_of_tag(self._held, self._closing_tags())
        pieces += self._take(self._held[:safe])
        self._held = self._held[safe:]
        return pieces

    def close(self) -> list[Piece]:
        held, self._held = self._held, ""
        if self._mode == "call":
            return [*self._take(held), *self._call.finish()]
        # A reply that ends in the middle of a tag meant markup, not words.
        return [] if _is_markup(held) else self._take(held)

    def _closing_tags(self) -> tuple[str, ...]:
        return self._tags.closes if self._mode == "call" else self._tags.all

    def _enter(self, tag: str) -> list[Piece]:
        ended: list[Piece] = []
        if self._mode == "call":
            ended = self._call.finish()
            self._calls += self._call.count
        self._blank, self._spoken = "", False
        self._mode = "reasoning" if tag == self._tags.thoughts[0] else "words"
        # A tag that also opens (GLM-4.7 closes a call with `<tool_call>`) opens unless it closed.
        if tag in self._tags.opens and not (ended and tag in self._tags.closes):
            self._mode = "call"
            self._call = self._reader(self._calls, tag)
        return ended

    def _take(self, text: str) -> list[Piece]:
        if self._mode == "call":
            return self._call.feed(text)
        words = self._without_edges(text)
        if not words:
            return []
        return [Words(words) if self._mode == "words" else Reasoning(words)]

    def _without_edges(self, text: str) -> str:
        """White space next to a tag or at the ends belongs to the format, not to the words."""
        text = self._blank + text
        if not self._spoken:
            text = text.lstrip()
        words = text.rstrip()
        self._blank = text[len(words) :]
        self._spoken = self._spoken or bool(words)
        return words


class HermesParser(ReplyParser):
    """The Hermes format: Qwen2.5, Qwen3 and many more."""

    def __init__(self) -> None:
        super().__init__(HERMES, lambda index, _tag: _Call(index))


class _Call:
    """`{"name": "…", "arguments": {…}}`, read as it comes: the name first, then the arguments."""

    _NAME = '"name"'
    _ARGUMENTS = '"arguments"'

    def __init__(self, index: int) -> None:
        self.index = index
        self.count = 0
        self._text = ""
        self._whole = _JsonEnd()
        self._given = 0  # how far the arguments were given out
        self._arguments: _JsonEnd | None = None

    @property
    def in_string(self) -> bool:
        return self._whole.in_string

    def feed(self, text: str) -> list[Piece]:
        self._text += text
        self._whole.feed(text)
        pieces: list[Piece] = []
        if not self.count and (name := self._name()) is not None:
            self.count = 1
            pieces.append(CallStart(self.index, name))
        if self.count and self._arguments is None:
            self._find_arguments()
        if self._arguments is not None and (delta := self._more()):
            pieces.append(CallArguments(self.index, delta))
        return pieces

    def finish(self) -> list[Piece]:
        """The whole call at once, when its keys came in another order."""
        if self._arguments is not None:
            return []
        try:
            call = json.loads(self._text)
        except json.JSONDecodeError:
            return []
        if not (isinstance(call, dict) and isinstance(call.get("name"), str)):
            return []
        pieces: list[Piece] = [] if self.count else [CallStart(self.index, call["name"])]
        self.count = 1
        arguments = json.dumps(call.get("arguments", {}), ensure_ascii=False)
        return [*pieces, CallArguments(self.index, arguments)]

    def _name(self) -> str | None:
        head = self._text.lstrip()
        if not head.startswith("{"):
            return None
        inside = head[1:].lstrip()
        if not inside.startswith(self._NAME):
            return None
        value = inside[len(self._NAME) :].lstrip().removeprefix(":").lstrip()
        try:
            name, _ = json.JSONDecoder().raw_decode(value)
        except json.JSONDecodeError:
            return None
        return name if isinstance(name, str) else None

    def _find_arguments(self) -> None:
        key = self._text.find(self._ARGUMENTS)
        brace = self._text.find("{", key) if key >= 0 else -1
        if brace >= 0:
            self._given = brace
            self._arguments = _JsonEnd()

    def _more(self) -> str:
        assert self._arguments is not None
        fresh = self._text[self._given :]
        taken = self._arguments.feed(fresh)
        self._given += taken
        return fresh[:taken]


class _JsonEnd:
    """Finds where a JSON object ends, character by character."""

    def __init__(self) -> None:
        self._depth = 0
        self.in_string = False
        self._escaped = False
        self._ended = False

    def feed(self, text: str) -> int:
        """How many characters of `text` belong to the object."""
        for taken, character in enumerate(text):
            if self._ended:
                return taken
            self._step(character)
        return len(text)

    def _step(self, character: str) -> None:
        if self._escaped:
            self._escaped = False
        elif self.in_string:
            self._escaped = character == "\\"
            self.in_string = character != '"'
        elif character == '"':
            self.in_string = True
        elif character in "{[":
            self._depth += 1
        elif character in "}]":
            self._depth -= 1
            self._ended = self._depth == 0


def _first_tag(text: str, tags: tuple[str, ...]) -> tuple[int, str] | None:
    found = [(text.find(tag), tag) for tag in tags]
    return min((at_tag for at_tag in found if at_tag[0] >= 0), default=None)


def _beginning_of_tag(text: str, tags: tuple[str, ...]) -> int:
    """Length of the longest end of `text` that a tag could begin with."""
    longest = max((len(tag) for tag in tags), default=1) - 1
    for length in range(min(longest, len(text)), 0, -1):
        if any(tag.startswith(text[-length:]) for tag in tags):
            return length
    return 0


def _is_markup(held: str) -> bool:
    """Half a tag, long enough that it cannot be a person's `<` or `</`."""
    return len(held) > 2
