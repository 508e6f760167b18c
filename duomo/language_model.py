"""The chat model of an engine: the server that the settings name, or the checkpoint right here."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from duomo.language_server import LanguageServer
from duomo.settings import Settings
from models.decoding.sampling import Sampling
from tools.contract import Tool

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel

    from agent.reading import Reading
    from models.residency import Residency


def ignore(_: str) -> None: ...


def chat_model(
    settings: Settings,
    residency: "Residency",
    server: LanguageServer,
    reader: "Reading",
    tools: Iterable[Tool] | None,
    on_tool_name: Callable[[str], None] = ignore,
) -> "BaseChatModel":
    """`reader` chooses what it is given of a conversation; `tools` are those that
    there are, None where the model's own words are wanted, guesses too; `on_tool_name` hears which
    tool it is about to call."""
    # Imported late: LangChain takes seconds.
    from agent.abilities import Abilities
    from agent.chat_model import DuomoChatModel
    from agent.families import call_format

    if (served := server.chat_model(reader, on_tool_name)) is not None:
        return served
    return DuomoChatModel(
        residency=residency,
        sampling=Sampling(max_new_tokens=settings.max_new_tokens),
        reader=reader,
        abilities=None if tools is None else Abilities.of(tools),
        on_tool_name=on_tool_name,
        call_format=call_format(residency.checkpoint("llm")),
    )
