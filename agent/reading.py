"""What of a conversation the model reads: all of it while it fits; then the newest turns, and of
the older ones a digest.

Old turns leave in steps, half of the context at once, so that the prompt keeps its beginning for
many turns, and with it the KV cache. Where the steps fall follows from the turns alone: nothing has
to be remembered, and a restart or an import changes nothing. The log on screen keeps everything.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage

from agent.digest import digest
from agent.reference import with_ordinals, with_references
from agent.texts import excerpt, with_names, with_notes

DIGEST_SHARE = 6  # the digest takes at most this part of the history


@dataclass(frozen=True)
class Room:
    """Tokens that a prompt may have, those past which old turns leave it, those of a long text.

    `ordinals`: whether “第二张” is explained."""

    prompt: int
    history: int
    text: int
    ordinals: bool = False

    @property
    def digest(self) -> int:
        return self.history // DIGEST_SHARE


Count = Callable[[Sequence[BaseMessage]], int]


@runtime_checkable
class Reading(Protocol):
    """Which messages a model is given."""

    def fit(
        self, messages: Sequence[BaseMessage], whole: Count, alone: Count, room: Room
    ) -> list[BaseMessage]: ...


class Verbatim:
    """All of them as they are: what does not fit is refused by the model, never shortened."""

    def fit(
        self, messages: Sequence[BaseMessage], whole: Count, alone: Count, room: Room
    ) -> list[BaseMessage]:
        del whole, alone, room
        return list(messages)


class Reader:
    """Remembers how long ended turns are; one per checkpoint. Not thread-safe."""

    def __init__(self) -> None:
        self._lengths: dict[str, int] = {}

    def fit(
        self,
        messages: Sequence[BaseMessage],
        whole: Count,
        alone: Count,
        room: Room,
    ) -> list[BaseMessage]:
        """Messages whose rendering fits `room`; handles keep their names.

        `whole` counts the tokens of a prompt with its tools, `alone` those of a few messages.
        """
        tokens = lambda text: alone([HumanMessage(text)])  # noqa: E731
        noted = with_notes(messages, tokens, room.text)
        noted = with_ordinals(noted) if room.ordinals else noted
        if whole(noted) <= room.history:
            return noted
        system, turns = _parts(noted)
        named = _parts(with_names(messages))[1]
        fixed = whole([*system, HumanMessage("")]) + room.digest
        lengths = [*(self._length(turn, alone) for turn in turns[:-1]), alone(turns[-1])]
        for start in range(first_kept(lengths, fixed, room.history), len(turns)):
            told = digest(named[:start], room.digest)
            newest = [with_references(told, turn) for turn in turns[start:]]
            kept = [*system, *_told_before(told, newest)]
            if whole(kept) <= (room.history if turns[start + 1 :] else room.prompt):
                return kept
        return _shortened([*system, *turns[-1]], whole, room.prompt)

    def _length(self, turn: Sequence[BaseMessage], alone: Count) -> int:
        """Of a turn that has ended; its last message tells it from all others."""
        key = turn[-1].id
        if key is None:
            return alone(turn)
        if key not in self._lengths:
            self._lengths[key] = alone(turn)
        return self._lengths[key]


def first_kept(lengths: Sequence[int], fixed: int, limit: int) -> int:
    """The turn that the history begins at, after all steps that `lengths` [turns] led to.

    A step is taken when the next turn does not fit, and leaves half of `limit` to what is kept.
    """
    first, used = 0, fixed
    for turn, length in enumerate(lengths):
        if used + length > limit:
            while first < turn and (used > limit // 2 or used + length > limit):
                used -= lengths[first]
                first += 1
        used += length
    return first


def _parts(
    messages: Sequence[BaseMessage],
) -> tuple[list[BaseMessage], list[list[BaseMessage]]]:
    """The system message, and the turns: each begins with the person's words."""
    system = [message for message in messages[:1] if message.type == "system"]
    turns: list[list[BaseMessage]] = []
    for message in messages[len(system) :]:
        if isinstance(message, HumanMessage) or not turns:
            turns.append([])
        turns[-1].append(message)
    return system, turns


def _told_before(told: str, turns: list[list[BaseMessage]]) -> list[BaseMessage]:
    """The digest goes before the words of the first turn that is kept: a message of its own would
    break the change of speakers that some templates insist on."""
    first, *rest = [message for turn in turns for message in turn]
    if told:
        first = first.model_copy(update={"content": f"{told}\n{first.text}"})
    return [first, *rest]


def _shortened(messages: list[BaseMessage], whole: Count, limit: int) -> list[BaseMessage]:
    """A turn that is too long by itself: its longest texts lose their middle, and say so."""
    while whole(messages) > limit and (shorter := _cut_longest(messages)) is not None:
        messages = shorter
    return messages


def _cut_longest(messages: list[BaseMessage]) -> list[BaseMessage] | None:
    candidates = [i for i, m in enumerate(messages) if isinstance(m, (HumanMessage, ToolMessage))]
    if not candidates:
        return None
    longest = max(candidates, key=lambda i: len(messages[i].text))
    text = messages[longest].text
    if len(text) < 128:  # nothing left to gain
        return None
    shorter, _ = excerpt(text, len, len(text) * 3 // 4 - 20)
    return [
        message.model_copy(update={"content": shorter}) if i == longest else message
        for i, message in enumerate(messages)
    ]
