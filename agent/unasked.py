"""A step that nobody asked for, as a small model makes one of what it has just read:
“这张图里有什么？” → ask_image, then edit_image with 里有什么 or words of the answer, then speak.

A change is in the person's own words, and says one where another step of the turn had the same
words. Of 2,310 changes that follow another step in the starter's training conversations none is
held back by this. What is read aloud may be another step's words, so there has to be a cue for it.
"""

import json
import re
from collections.abc import Container, Iterator, Mapping, Sequence

from langchain_core.messages import BaseMessage

from agent.history import asked, calls_of, last_turn
from agent.parsing import CallArguments, CallStart, Piece, Words
from agent.texts import names_text
from tools.checks import bare
from tools.handles import attachments_of

_AS = re.compile(r"^(?:改|变|换)[成为]")  # a model's own: “照着画一张夜景” is 改成夜景
_CHANGES = re.compile(r"[改变换加添去删抹擦消调修成]")
_SAID = 0.6  # of the letters of a change; a model leaves some out


def until_unasked(
    pieces: Iterator[Piece],
    messages: Sequence[BaseMessage],
    wishes: Mapping[str, str],
    cues: Mapping[str, str],
    answer: str,
) -> Iterator[Piece]:
    """`pieces` as far as a call that nobody asked for; where it would have been the first one,
    `answer` stands in its place. By the tool's name, `wishes`: the argument that says what
    is wanted (such calls are handed on when they are whole); `cues`: the words for it, a regular
    expression. Until a tool has answered nothing is held back."""
    turn = last_turn(messages)
    if not turn:
        yield from pieces
        return
    question = attachments_of(asked(messages))[1]
    is_first = True
    for part in _calls_together(pieces, wishes):
        start = part[0]
        if isinstance(start, CallStart):
            wish = _wish(part[1:], wishes.get(start.name))
            is_cued = re.search(cues.get(start.name, ""), question)
            if not is_cued or (wish and not is_asked(wish, question, _done(turn, start.name))):
                if is_first:
                    yield Words(answer)
                return
            is_first = False
        yield from part


def _calls_together(pieces: Iterator[Piece], names: Container[str]) -> Iterator[list[Piece]]:
    """Each call of a tool in `names` with all of its arguments; every other piece alone."""
    call: list[Piece] = []
    for piece in pieces:
        if call and isinstance(piece, CallArguments):
            call.append(piece)
            continue
        if call:
            yield call
            call = []
        if isinstance(piece, CallStart) and piece.name in names:
            call = [piece]
        else:
            yield [piece]
    if call:
        yield call


def is_asked(wish: str, question: str, done: Sequence[str]) -> bool:
    """Whether `wish` is in the words of `question`; what says no change may not be words of what
    was `done` already. (A search may have swallowed the change that comes after it.)"""
    letters = bare(wish)
    was_done = letters and any(letters in bare(text) for text in done)
    if was_done and not _CHANGES.search(letters):
        return False
    own, said = _AS.sub("", letters), bare(question)
    return sum(letter in said for letter in own) >= _SAID * len(own)  # none: the tool asks


def _done(turn: Sequence[BaseMessage], name: str) -> list[str]:
    """The texts that other tools than `name` were called with since the person's words."""
    others = [call["args"] for call in calls_of(turn) if call["name"] != name]
    return [value for args in others for value in args.values() if isinstance(value, str)]


def _wish(arguments: Sequence[Piece], name: str | None) -> str:
    """What a call wants; empty where it says nothing that can be read, or names a long text."""
    written = "".join(piece.delta for piece in arguments if isinstance(piece, CallArguments))
    try:
        given = json.loads(written) if name else None
    except ValueError:
        return ""
    wish = given.get(name) if isinstance(given, dict) else None
    return wish if isinstance(wish, str) and not names_text(wish) else ""
