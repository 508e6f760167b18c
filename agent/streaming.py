"""What both chat models share: LangChain's streaming, and tools by their compact schemas."""

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_models import BaseChatModel, generate_from_stream
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict


def ignore(_: str) -> None: ...


class StreamingChatModel(BaseChatModel):
    """A model that only streams; `on_tool_name` is called once a name is known, arguments to
    come."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    on_tool_name: Callable[[str], None] = ignore
    streaming: bool = False

    def model_post_init(self, _context: Any) -> None:
        self.streaming = True  # LangChain streams `invoke` too only where this was set explicitly

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer `tools` (compact OpenAI schemas, in this order). Only `auto` choice exists."""
        del tool_choice
        return self.bind(tools=[_schema(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))


def _schema(tool: dict[str, Any] | type | Callable[..., Any] | BaseTool) -> dict[str, Any]:
    """Our own tools carry their compact schema; any other is converted by LangChain."""
    if isinstance(tool, BaseTool) and isinstance(tool.args_schema, dict):
        function = {"name": tool.name, "description": tool.description}
        return {"type": "function", "function": {**function, "parameters": tool.args_schema}}
    return convert_to_openai_tool(tool)
