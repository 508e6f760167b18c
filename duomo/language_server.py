"""The server that the settings name in place of this machine's language model. Imports no agent
until it is asked for."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from duomo.settings import Settings

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel

    from agent.reading import Reading
    from agent.wire import Wire


class LanguageServer:
    """Nothing is opened before it is used; without the setting `llm_url` nothing ever is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._wire: Wire | None = None

    def chat_model(
        self, reader: "Reading", on_tool_name: Callable[[str], None]
    ) -> "BaseChatModel | None":
        """None when the settings name no server."""
        if not self._settings.llm_url:
            return None
        from agent.endpoint import EndpointChatModel

        return EndpointChatModel(
            wire=self._opened(),
            max_new_tokens=self._settings.max_new_tokens,
            temperature=self._settings.llm_temperature,
            reader=reader,
            on_tool_name=on_tool_name,
        )

    def models(self) -> list[str]:
        """What the server offers, by name. Raises EndpointError and its kinds."""
        return self._opened().models()

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()

    def _opened(self) -> "Wire":
        from agent.wire import Endpoint, Wire

        if self._wire is None:
            s = self._settings
            endpoint = Endpoint(s.llm_url, s.llm_model, s.llm_key, s.llm_timeout)
            self._wire = Wire(endpoint, is_local=not s.llm_leaves)
        return self._wire
