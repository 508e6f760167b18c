"""Words that stand for a picture get its handle in a note, where a model could only guess.

“最早那幅”, once the turn that it speaks of has left the prompt: handles are numbered by appearance,
so that the first picture of a conversation is `img-1` whatever came since. “第二张”, for a model
that miscounts: the second of the pictures that last came together.
"""

import re
from collections.abc import Sequence

from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage

from agent.numerals import NUMERAL, number_of
from tools.handles import kind_of, mentioned

_FIRST = re.compile(
    r"(?:最早|最开始|一开始|最初|最先|第一次)的?(?:那|这)?一?"
    r"(?:(?P<image>[张幅]|(?:个)?(?:图|画|照片))|(?P<audio>[段条]|(?:个)?(?:录音|声音|音频|语音)))"
)
_NTH = re.compile(rf"(?P<back>倒数)?第(?P<n>{NUMERAL})[张幅]")
_LAST = re.compile(r"最后(?:那|这)?一?[张幅]")
_HANDLE = {"image": "img-1", "audio": "aud-1"}


def with_references(gone: str, turn: Sequence[BaseMessage]) -> list[BaseMessage]:
    """`turn` with a note where it speaks of the first picture or sound, which was in `gone`."""
    return [_noted(gone, message) for message in turn]


def _noted(gone: str, message: BaseMessage) -> BaseMessage:
    match = _FIRST.search(message.text) if isinstance(message, HumanMessage) else None
    if match is None or match.lastgroup is None:
        return message
    handle = _HANDLE[match.lastgroup]
    if re.search(rf"{handle}(?!\d)", gone) is None:
        return message
    note = f"（{match[0]}是{handle}）"
    return message.model_copy(update={"content": note + message.text})


def with_ordinals(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """`messages` with a note wherever a person speaks of a picture by its place among several."""
    groups: list[list[str]] = []  # pictures that came together
    noted: list[BaseMessage] = []
    for message in messages:
        if isinstance(message, HumanMessage | ToolMessage):
            came = [handle for handle in mentioned(message.text) if kind_of(handle) == "image"]
            groups += [came] if came else []
        noted.append(_counted(message, groups) if isinstance(message, HumanMessage) else message)
    return noted


def _counted(message: BaseMessage, groups: Sequence[Sequence[str]]) -> BaseMessage:
    named = {match[0]: _nth(match, groups) for match in _NTH.finditer(message.text)}
    named |= {match[0]: _last(groups) for match in _LAST.finditer(message.text)}
    told = "，".join(f"{words}是{handle}" for words, handle in named.items() if handle)
    return message.model_copy(update={"content": f"（{told}）{message.text}"}) if told else message


def _nth(match: re.Match[str], groups: Sequence[Sequence[str]]) -> str | None:
    """Of the newest group that has as many."""
    number = number_of(match["n"])
    group = next((g for g in reversed(groups) if len(g) >= max(number, 2)), None)
    return None if group is None else group[-number] if match["back"] else group[number - 1]


def _last(groups: Sequence[Sequence[str]]) -> str | None:
    """Nobody can tell, where a single picture came after several."""
    return groups[-1][-1] if groups and len(groups[-1]) > 1 else None
