"""One reply of the language model to messages and tools of the caller."""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import BaseMessage

from agent.context import RunContext
from agent.narrator import Narrator
from agent.work import Played


def complete(
    model: BaseChatModel,
    run: RunContext,
    messages: Sequence[BaseMessage],
    tools: Sequence[Mapping[str, Any]],
) -> Played:
    """Into the log, as all that a model says. Raises the model's errors, and Cancelled."""
    narrator = Narrator(run)
    offered = {"tools": list(tools)} if tools else {}
    model.bind(**offered).invoke(list(messages), config={"callbacks": [narrator]})
    run.open_calls.clear()  # the caller's to carry out, not steps that were cut off
    return Played(narrator.usage(), finish_reason=narrator.finish_reason)
