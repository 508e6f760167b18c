"""Answers in fixed sentences, for a language model that chooses tools well and repeats badly."""

import re
from collections.abc import Callable, Iterator, Sequence

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from agent.history import calls_of, last_turn
from agent.parsing import Piece, Words
from agent.tooling import is_retry
from tools.reports import able, ended, reported

_HELP = re.compile(
    r"(你|您|多模|小模)[^，。？?！!]{0,4}(会|能|可以)(做|干|帮我做|帮我干|为我做|)?些?"
    r"(什么|啥|哪些|点什么)|(有|都有)(什么|啥|哪些)(功能|本事|本领|用处)|怎么(用|使用)(你|您|多模|这个)|"
    r"^\W*(帮助|使用说明|怎么用|help|what can you do)\W*$",
    re.IGNORECASE,
)
_LONGEST_HELP = 24  # letters: a longer question is about something else


def report_of(messages: Sequence[BaseMessage]) -> str:
    """What the steps since the person's last words brought, or why the last one failed; empty
    where there was none, or where the model has a hint to follow."""
    turn = last_turn(messages)
    results = [message for message in turn if isinstance(message, ToolMessage)]
    if not results or is_retry(results[-1].artifact):
        return ""
    if not is_done(results[-1]):
        return ended(results[-1].text)
    calls = {call["id"]: call for call in calls_of(turn)}
    done = [(calls[r.tool_call_id], r.text) for r in results if is_done(r)]
    return reported((call["name"], call["args"], text) for call, text in done)


def asks_what_it_can(question: str) -> bool:
    """Whether a person wants to know what there is to ask for."""
    return len(question) <= _LONGEST_HELP and _HELP.search(question) is not None


def introduction(titles: Sequence[str]) -> str:
    """What there is to ask for; `titles`: of the tools."""
    return (
        f"我会{'、'.join(titles)}。直接用一句话说出要做什么就行，比如“帮我找几张有拱桥的图”；"
        "几件事可以连着说。要处理的图片和录音请先发给我。"
    )


def unsure(titles: Sequence[str]) -> str:
    """What a model says that does not know what to answer, beginning with a sentence that it was
    trained on: other words would change what it does in later turns. `titles`: of the tools.
    """
    offered = f"我会{'、'.join(titles)}，要处理的图片和录音请先发给我。" if titles else ""
    return f"这个我说不准。我是小模型，主要会用工具；完整档（例如 12gb）能答得好。{offered}"


def as_trained(messages: Sequence[BaseMessage], titles: Sequence[str]) -> list[BaseMessage]:
    """The introduction in the words that the model was trained on: it takes the examples in the
    other's for requests, and carries them out in later turns."""
    told, trained = introduction(titles), able(titles)
    return [
        m.model_copy(update={"content": trained})
        if isinstance(m, AIMessage) and m.text == told
        else m
        for m in messages
    ]


def always() -> bool:
    return True


def in_words_of(
    report: str, pieces: Iterator[Piece], when: Callable[[], bool] = always
) -> Iterator[Piece]:
    """`pieces` until the model begins to answer; `report` is the answer then, if `when` says so."""
    for piece in pieces:
        if isinstance(piece, Words) and piece.text.strip():
            if when():
                yield Words(report)
                return
            yield piece
            break
        yield piece
    yield from pieces


def is_done(result: ToolMessage) -> bool:
    """Whether a step came to its end without an error."""
    kept = result.artifact  # the value of the step's last event; none where it comes from elsewhere
    state = kept.get("state", "done") if isinstance(kept, dict) else "done"
    return result.status != "error" and state == "done"
