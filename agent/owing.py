"""A step that a person asked for and that a small model forgets: “搜一张荷花，改成夜晚的” ends with
the search. Where it would rather report, it has to make the call that is still owed."""

import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

from langchain_core.messages import BaseMessage, ToolMessage

from agent.grammar import Schema
from agent.history import calls_of, last_turn
from agent.offering import name_of, request_of, takes_picture
from agent.parsing import CallStart, Piece, Words
from agent.reporting import is_done
from agent.tooling import is_retry
from tools.handles import kind_of, mentioned
from tools.marks import Due
from tools.replies import says_nothing


def owed(
    messages: Sequence[BaseMessage], tools: Sequence[Schema], dues: Mapping[str, Due]
) -> Schema | None:
    """Of `tools`, the one asked for first that the steps of this turn have not called. None before
    the first step, and after one that failed or found nothing."""
    turn = last_turn(messages)
    results = [message for message in turn if isinstance(message, ToolMessage)]
    if not results or not _brought_something(results[-1]):
        return None
    called = {call["name"] for call in calls_of(turn)}
    said = request_of(messages)
    found = [
        (match.start(), tool)
        for tool in tools
        if (due := dues.get(name := name_of(tool)))
        and name not in called
        and not due.instead & called
        and (match := re.search(due.words, said))
        and (not takes_picture(tool) or _is_about_picture(results[-1], turn))
    ]
    return min(found, key=lambda one: one[0])[1] if found else None


def _brought_something(result: ToolMessage) -> bool:
    return is_done(result) and not is_retry(result.artifact) and not says_nothing(result.text)


def _is_about_picture(result: ToolMessage, turn: Sequence[BaseMessage]) -> bool:
    """Whether the step of `turn` with that result took a picture or brought one."""
    calls = {call["id"]: call["args"] for call in calls_of(turn)}
    brought = any(kind_of(handle) == "image" for handle in mentioned(result.text))
    return brought or "image" in calls.get(result.tool_call_id, {})


def insisted(
    pieces: Generator[Piece, None, None], again: Callable[[], Iterator[Piece]]
) -> Iterator[Piece]:
    """`pieces`, but where they begin with words, those of `again`."""
    for piece in pieces:
        if isinstance(piece, Words) and piece.text.strip():
            pieces.close()  # it holds the model's memory of the prompt, which `again` reads on
            yield from again()
            return
        yield piece
        if isinstance(piece, CallStart):
            break
    yield from pieces
