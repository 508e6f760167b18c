"""What a run does on its worker thread. LangChain takes seconds to import, so that each kind of
work imports what it needs when it begins: the engine answers before that."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ag_ui.core import TokenUsage

from agent.context import RunContext
from tools.contract import Tool

if TYPE_CHECKING:
    from agent.build import Agent
    from agent.rerun import Redo
    from agent.steps import PastStep
    from agent.tooling import Workshop


@dataclass(frozen=True)
class Played:
    """`asked`: ids of the calls that wait for a person; empty when the turn is over."""

    usage: list[TokenUsage] = field(default_factory=list)
    asked: tuple[str, ...] = ()


class Work(Protocol):
    def __call__(self, agent: "Agent", run: RunContext) -> Played: ...


@dataclass(frozen=True)
class Spoken:
    """A person's words, handles first, to the answer."""

    words: str

    def __call__(self, agent: "Agent", run: RunContext) -> Played:
        from agent.turn import play

        run.thinking("thinking")
        return play(agent, run, self.words)


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
