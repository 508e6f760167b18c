"""What a run does on its worker thread. LangChain takes seconds to import, so that each kind of
work imports what it needs when it begins: the engine answers before that."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ag_ui.core import TokenUsage

from agent.context import RunContext
from tools.contract import Tool

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import BaseMessage

    from agent.build import Agent
    from agent.rerun import Redo
    from agent.steps import PastStep
    from agent.tooling import Workshop


FinishReason = Literal["stop", "length"]
"""`length`: the last reply was cut off where its tokens ended."""


@dataclass(frozen=True)
class Played:
    """`asked`: ids of the calls that wait for a person; empty when the turn is over."""

    usage: list[TokenUsage] = field(default_factory=list)
    asked: tuple[str, ...] = ()
    finish_reason: FinishReason = "stop"


class Work(Protocol):
    def __call__(self, agent: "Agent", run: RunContext) -> Played: ...


@dataclass(frozen=True)
class Spoken:
    """A person's words, handles first, to the answer. `history`: what was said before, where the
    caller tells it; else it is what the conversation remembers."""

    words: str
    history: "Sequence[BaseMessage] | None" = None

    def __call__(self, agent: "Agent", run: RunContext) -> Played:
        from agent.turn import play, play_after

        run.thinking("thinking")
        if self.history is None:
            return play(agent, run, self.words)
        return play_after(agent, run, self.history, self.words)


@dataclass(frozen=True)
class Completed:
    """One reply of the language model itself; calls of `tools` are the caller's to carry out."""

    model: "Callable[[], BaseChatModel]"
    messages: "Sequence[BaseMessage]"
    tools: Sequence[Mapping[str, Any]]

    def __call__(self, agent: "Agent", run: RunContext) -> Played:
        from agent.completing import complete

        del agent
        run.thinking("thinking")
        return complete(self.model(), run, self.messages, self.tools)


@dataclass(frozen=True)
class Called:
    """One tool, once for each of `arguments`, without the language model. The first call that
    fails is the end of the run, with its error."""

    tool: Tool
    arguments: Sequence[Mapping[str, Any]]
    workshop: "Callable[[], Workshop]"

    def __call__(self, agent: "Agent", run: RunContext) -> Played:
        from agent.calling import call

        del agent
        for arguments in self.arguments:
            call(run, self.tool, arguments, self.workshop())
        return Played()


class Resumed:
    """Goes on where calls waited, by the run's `decisions`."""

    def __call__(self, agent: "Agent", run: RunContext) -> Played:
        from agent.turn import resume

        return resume(agent, run)


@dataclass(frozen=True)
class Redone:
    """Past steps once more, without the language model. `replaced`: old handle → new one;
    `steps`: all of the conversation, as of now."""

    words: str
    redos: "tuple[Redo, ...]"
    replaced: Mapping[str, str]
    tools: Mapping[str, Tool]
    workshop: "Callable[[], Workshop]"
    steps: "Callable[[], Iterable[PastStep]]"

    def __call__(self, agent: "Agent", run: RunContext) -> Played:
        from agent.redo import redo

        redo(agent, run, self)
        return Played()
