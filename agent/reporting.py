"""Answers in fixed sentences, for a language model that chooses tools well and repeats badly."""

from collections.abc import Iterable, Iterator, Sequence

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from agent.history import last_turn
from agent.parsing import Piece, Words
from agent.tooling import is_retry
from tools.reports import ended, reported


def report_of(messages: Sequence[BaseMessage]) -> str:
    """What the steps since the person's last words brought, or why the last one failed; empty
    where there was none, or where the model has a hint to follow."""
    turn = last_turn(messages)
    results = [message for message in turn if isinstance(message, ToolMessage)]
    if not results or is_retry(results[-1].artifact):
        return ""
    if not _is_done(results[-1]):
        return ended(results[-1].text)
    calls = {call["id"]: call for m in turn if isinstance(m, AIMessage) for call in m.tool_calls}
    done = [(calls[r.tool_call_id], r.text) for r in results if _is_done(r)]
    return reported((call["name"], call["args"], text) for call, text in done)


def in_words_of(report: str, pieces: Iterable[Piece]) -> Iterator[Piece]:
    """`pieces` until the model begins to answer; `report` is the answer then."""
    for piece in pieces:
        if isinstance(piece, Words) and piece.text.strip():
            yield Words(report)
            return
        yield piece


def _is_done(result: ToolMessage) -> bool:
    kept = result.artifact  # the value of the step's last event; none where it comes from elsewhere
    state = kept.get("state", "done") if isinstance(kept, dict) else "done"
    return result.status != "error" and state == "done"
