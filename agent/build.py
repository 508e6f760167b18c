"""Puts the agent together: chat model, tools, guard, memory."""

import sqlite3
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph.state import CompiledStateGraph

from agent.approval import NEVER, AskFirst
from agent.gate import ApprovalGate
from agent.instructing import Instructed
from agent.middleware import Limits, TurnGuard
from tools.contract import Tool

Agent = CompiledStateGraph[Any, Any, Any, Any]


class Memory(SqliteSaver):
    """The messages of every conversation, by thread id = conversation id."""

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Keep only the newest state: each of the older ones holds the whole history again."""
        newest = "" if strategy == "delete" else _OLDER
        with self.cursor() as cursor:
            for thread_id in thread_ids:
                for table in ("writes", "checkpoints"):
                    cursor.execute(
                        f"DELETE FROM {table} WHERE thread_id = :thread {newest}",  # noqa: S608
                        {"thread": thread_id},
                    )

    def close(self) -> None:
        with self.lock:
            self.conn.close()


_OLDER = (
    "AND checkpoint_id < (SELECT max(checkpoint_id) FROM checkpoints WHERE thread_id = :thread)"
)


def open_memory(path: Path) -> Memory:
    """The checkpointer on `path`. Only known message types come back from it, whatever a row
    says: LangGraph's default would import and call what the row names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, check_same_thread=False, timeout=30)
    connection.execute("PRAGMA synchronous=NORMAL")
    return Memory(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))


def build_agent(
    model: BaseChatModel,
    tools: Sequence[BaseTool],
    checkpointer: BaseCheckpointSaver[str],
    limits: Limits | None = None,
    *,
    ask_first: AskFirst = NEVER,
    contracts: Mapping[str, Tool] = MappingProxyType({}),
) -> Agent:
    """The loop of a turn: model → tools → model → … → answer.

    `ask_first`: which calls wait for a person; `contracts` holds the tools they are read by.
    """
    return create_agent(
        model,
        tools,
        system_prompt=system_prompt(),
        # LangChain calls what comes after the model from the last to the first.
        middleware=[
            ApprovalGate(ask_first, contracts),
            TurnGuard(limits or Limits()),
            Instructed(),
        ],
        checkpointer=checkpointer,
    )


def restore_memory(agent: Agent, thread_id: str, messages: Sequence[BaseMessage]) -> None:
    """Let a new thread begin with `messages`, which are whole turns."""
    config: RunnableConfig = {"configurable": {"thread_id": thread_id}}
    agent.update_state(config, {"messages": list(messages)}, as_node="__start__")


def system_prompt() -> str:
    """What real checkpoints are told; the same words every time, so that the KV prefix holds."""
    return files("agent").joinpath("prompts/system.zh.md").read_text(encoding="utf-8").strip()
