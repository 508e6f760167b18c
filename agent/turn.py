"""Plays one turn on the agent: repairs the history, speaks, and tidies the memory."""

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from agent.build import Agent
from agent.context import RunContext
from agent.history import close_turn
from agent.narrator import Narrator
from agent.work import Played
from models.errors import EngineUnavailable


def play(agent: Agent, run: RunContext, words: str) -> Played:
    """Run the loop to the answer, or to calls that wait, narrating into the log."""
    history = agent.get_state(config_of(run)).values.get("messages", [])
    spoken = HumanMessage(words, id=run.run_id)
    return _invoke(agent, run, {"messages": [*close_turn(history), spoken]})


def play_after(agent: Agent, run: RunContext, history: Sequence[BaseMessage], words: str) -> Played:
    """The same after a `history` that the caller keeps; none of it stays here."""
    spoken = HumanMessage(words, id=run.run_id)
    try:
        return _invoke(agent, run, {"messages": [*history, spoken]})
    except BaseException:
        prune(agent, run)
        raise


def resume(agent: Agent, run: RunContext) -> Played:
    """Go on after calls that waited; the gate reads `run.decisions`.

    `EngineUnavailable` when the checkpoint is gone, or another turn took its place.
    """
    if not agent.get_state(config_of(run)).interrupts:
        raise EngineUnavailable(
            "等待期间这一轮的记忆丢失了，没法接着做。请重新发送。",
            "What this turn was waiting with is gone, so it cannot go on. Please send it again.",
        )
    return _invoke(agent, run, Command(resume=True))


def config_of(run: RunContext) -> RunnableConfig:
    # The calls of one reply go one by one: handles are numbered in the order of the calls.
    return {"configurable": {"thread_id": run.conversation_id}, "max_concurrency": 1}


def _invoke(agent: Agent, run: RunContext, given: dict[str, Any] | Command[Any]) -> Played:
    narrator = Narrator(run)
    result = agent.invoke(given, {**config_of(run), "callbacks": [narrator]})
    interrupts = result.get("__interrupt__", ())
    asked = tuple(call_id for interrupt in interrupts for call_id in interrupt.value["calls"])
    if not asked:
        prune(agent, run)
    return Played(narrator.usage(), asked, narrator.finish_reason)


def prune(agent: Agent, run: RunContext) -> None:
    """Of the memory of a turn that is over, only the end is kept, or nothing."""
    strategy = "keep_latest" if run.remembers else "delete"
    if agent.checkpointer and not isinstance(agent.checkpointer, bool):
        agent.checkpointer.prune([run.conversation_id], strategy=strategy)
