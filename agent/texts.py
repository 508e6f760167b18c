"""Long texts get handles: `txt-1` stands for a whole page, whatever of it the model reads.

What a person pastes, or a tool reads off a picture or hears, may be longer than a model can copy or
even read. The first such text of a conversation is `txt-1`, and so on in order of appearance. The
model reads a note with its beginning and end, and names it in a call; the tool gets all of it.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from langchain_core.messages import BaseMessage, HumanMessage

from models.errors import ToolRetry

LONG = 120
"""Characters from which a text gets a handle. Never change: old conversations would renumber."""
_PAGE = 1000  # characters from which words without any request beside them are a text
_WORDS = 80  # characters of a request beside the text that it is about
_HANDLE = re.compile(r"[\[“\"（(]?(txt-[1-9]\d{0,5})[\]”\"）)]?")
_COLON = re.compile(r"[^\n：:]{1,80}[：:]\s*")
_HEADING = re.compile(r"[^\n]{1,80}：\n")


class Passage(NamedTuple):
    """A long text in the words around it."""

    before: str
    body: str
    after: str


def passage_of(message: BaseMessage) -> Passage | None:
    """The long text of a message, apart from the request: in quotes, after a colon, on lines of
    its own, or all of it. Of a result: what stands below its heading."""
    text = message.text
    if isinstance(message, HumanMessage):
        ways = (_quoted(text), _behind(_COLON, text), _above(text), _below(text))
        page = Passage("", text, "") if len(text) >= _PAGE else None
        return next(filter(_is_about, ways), page)
    return next(filter(_is_about, (_behind(_HEADING, text),)), None)


def _is_about(passage: Passage) -> bool:
    """Whether it is a long text with no more than a request around it."""
    return len(passage.body) >= LONG and len(passage.before) + len(passage.after) <= 2 * _WORDS


def _quoted(text: str) -> Passage:
    start = text.find("“") + 1
    end = text.find("”", start) if start else 0
    return Passage(text[:start], text[start:end], text[end:])


def _behind(heading: re.Pattern[str], text: str) -> Passage:
    match = heading.match(text)
    end = match.end() if match else 0
    return Passage(text[:end], text[end:] if match else "", "")


def _above(text: str) -> Passage:
    """What stands before a question on the last line."""
    body, line, after = text.rpartition("\n")
    return Passage("", body if after.endswith(("？", "?")) else "", line + after)


def _below(text: str) -> Passage:
    """What stands below a first line that is no sentence of it."""
    before, line, body = text.partition("\n")
    return Passage(before + line, "" if before.endswith(("。", "！", "”", "，")) else body, "")


def texts_of(messages: Iterable[BaseMessage]) -> dict[str, str]:
    """Handle → whole text, of all long texts of a conversation."""
    passages = (passage_of(message) for message in messages)
    bodies = (passage.body for passage in passages if passage is not None)
    return {f"txt-{number}": body for number, body in enumerate(bodies, 1)}


def expanded(arguments: Mapping[str, Any], messages: Sequence[BaseMessage]) -> dict[str, Any]:
    """`arguments` with whole texts where they name one. `ToolRetry` for one that is not there."""
    named = {key: match[1] for key, value in arguments.items() if (match := _named(value))}
    texts = texts_of(messages) if named else {}
    for handle in named.values():
        if handle not in texts:
            raise _no_such(handle, texts)
    return {**arguments, **{key: texts[handle] for key, handle in named.items()}}


def names_text(value: str) -> bool:
    """Whether `value` is the handle of a long text."""
    return _named(value) is not None


def _named(value: object) -> re.Match[str] | None:
    return _HANDLE.fullmatch(value.strip()) if isinstance(value, str) else None


def _no_such(handle: str, texts: Mapping[str, str]) -> ToolRetry:
    known = "、".join(texts)
    shown = f"可用的文字：{known}" if known else "请把要用的文字写出来"
    return ToolRetry(
        f"没有文字{handle}，{shown}。", f"There is no {handle}; there is {known or 'none'}."
    )


def with_notes(
    messages: Sequence[BaseMessage], tokens: Callable[[str], int], window: int
) -> list[BaseMessage]:
    """`messages` as a model reads them that can take in `window` tokens of one text.

    The note comes first: small models answer what they read last.
    """

    def noted(passage: Passage, handle: str) -> str:
        shown, left_out = excerpt(passage.body, tokens, window)
        cut = f"，中间略去{left_out}字" if left_out else ""
        return f"（{handle}，共{len(passage.body)}字{cut}：{shown}）\n{_named_in(passage, handle)}"

    return _with_handles(messages, noted)


def with_names(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """`messages` with long texts replaced by their handles."""
    return _with_handles(messages, _named_in)


def _with_handles(
    messages: Sequence[BaseMessage], written: Callable[[Passage, str], str]
) -> list[BaseMessage]:
    number, changed = 0, list(messages)
    for index, message in enumerate(messages):
        passage = passage_of(message)
        if passage is not None:
            number += 1
            content = written(passage, f"txt-{number}")
            changed[index] = message.model_copy(update={"content": content})
    return changed


def _named_in(passage: Passage, handle: str) -> str:
    return f"{passage.before}{handle}{passage.after}"


def excerpt(text: str, tokens: Callable[[str], int], window: int) -> tuple[str, int]:
    """`text`, or its beginning and its end in `window` tokens; the characters left out."""
    # Most tokenizers make at most one token of a character: short texts need no counting.
    count = tokens(text) if len(text) > window // 3 else 0
    if count <= window:
        return text, 0
    keep = len(text) * window // count // 2
    left_out = len(text) - 2 * keep
    return f"{text[:keep]}……（略去{left_out}字）……{text[len(text) - keep :]}", left_out
