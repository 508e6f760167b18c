"""Tells the model what the caller of a run wants of it, after the system prompt."""

from collections.abc import Callable
from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState
from langchain.agents.middleware.types import ModelRequest, ModelResponse
from langchain_core.messages import SystemMessage

from agent.context import running


class Instructed(AgentMiddleware[AgentState[Any], Any, Any]):
    """Without instructions the prompt stays what it is, and with it the KV prefix."""

    def wrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], ModelResponse[Any]],
    ) -> ModelResponse[Any]:
        if instructions := running().options.instructions:
            whole = f"{request.system_prompt or ''}\n\n{instructions}".strip()
            request = request.override(system_message=SystemMessage(whole))
        return handler(request)
