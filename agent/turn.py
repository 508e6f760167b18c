"""Plays one turn on the agent: repairs the history, speaks, and tidies the memory."""

from ag_ui.core import TokenUsage
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig

from agent.build import Agent
from agent.context import RunContext
from agent.history import close_turn
from agent.narrator import Narrator


def play(agent: Agent, run: RunContext, words: str) -> list[TokenUsage]:
    """Run the loop to the answer, narrating into the log. The tokens it took."""
    narrator = Narrator(run)
    config: RunnableConfig = {
        "configurable": {"thread_id": run.conversation_id},
        "callbacks": [narrator],
        # The calls of one reply go one by one: handles are numbered in the order of the calls.
        "max_concurrency": 1,
    }
    history = agent.get_state(config).values.get("messages", [])
    spoken = HumanMessage(words, id=run.run_id)
    agent.invoke({"messages": [*close_turn(history), spoken]}, config)
    if agent.checkpointer and not isinstance(agent.checkpointer, bool):
        agent.checkpointer.prune([run.conversation_id])
    return narrator.usage()
