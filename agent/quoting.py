"""What a person has just quoted is what the call is about, where a small model repeats an older
text instead: “那用英文 a red fox 再算一遍” after a score for 红狐狸.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from langchain_core.messages import BaseMessage

from agent.abilities import Abilities
from agent.history import asked, last_turn
from agent.mending import Mend
from models.decoding.verbatim import quoted
from tools.checks import bare

_FOREIGN = re.compile(r"[A-Za-z][\w'’-]*(?:[ ,.!?;:]+[A-Za-z][\w'’-]*)+[.!?]?", re.ASCII)
_SHARED = 0.5  # of its letters, in a text that comes from the question's other words
_POINTS = re.compile(
    r"(?:提示词|原样|[用按照就把将给为配画这那两几句首行字词诗话图张幅]|\W)*"
)  # at the quotation
_MARKS = re.compile('[“”"「」『』]')
_SIGNS = re.compile(r"[\W_]")


def named(question: str) -> str | None:
    """The one text that stands in quotes, or else the one in Latin letters, two words or more."""
    found = quoted(question) or _FOREIGN.findall(question)
    return found[0] if len(found) == 1 else None


def about(messages: Sequence[BaseMessage], passages: Mapping[str, str]) -> dict[str, Mend]:
    """For each tool that takes a text as it is: put in what the last message names. None once a
    tool has answered, for then the text may be what it found. `passages`: by the tool's name the
    argument that holds the text."""
    question = asked(messages)
    text = named(question)
    if text is None or last_turn(messages):
        return {}
    return {tool: partial(_with_text, field, text, question) for tool, field in passages.items()}


def shown(messages: Sequence[BaseMessage], ours: Abilities) -> dict[str, Mend]:
    """For each tool that draws: put in what stands in quotes in the last message, where nothing
    else is to be done with it. None once a tool has answered. `ours`: what the tools say of
    themselves."""
    question = asked(messages)
    found = quoted(question)
    if len(found) != 1 or last_turn(messages):
        return {}
    rest = _MARKS.sub("", question.replace(found[0], ""))
    meant = {name for name, due in ours.dues.items() if re.search(due.words, rest)}
    meant |= {n for n in ours.passages.keys() & ours.cues if re.search(ours.cues[n], rest)}
    drawing = meant & ours.scenes.keys()
    if meant != drawing:
        return {}
    return {name: partial(_with_quote, ours.scenes[name], found[0]) for name in drawing}


def _with_quote(field: str, text: str, given: dict[str, Any]) -> dict[str, Any]:
    said = given.get(field)
    if not isinstance(said, str) or text in said or bare(said) in bare(text):
        return given
    return {**given, field: text if _POINTS.fullmatch(said) else f"{said}，{text}"}


def _with_text(field: str, text: str, question: str, given: dict[str, Any]) -> dict[str, Any]:
    said = given.get(field)
    if not isinstance(said, str) or text in said or _is_from(question, text, said):
        return given
    return {**given, field: text}


def _is_from(question: str, text: str, said: str) -> bool:
    """Whether `said` stands in the question, or is mostly made of its words beside `text`."""
    letters = _SIGNS.sub("", said)
    others = question.replace(text, "")
    known = sum(letter in others for letter in letters)
    is_said = letters in _SIGNS.sub("", question) or known >= _SHARED * len(letters)
    return bool(letters) and is_said
