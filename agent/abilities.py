"""What a small model gets help with, as the contracts of its tools say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from tools.contract import Tool
from tools.marks import Cue, Due, Passage, Question, Scene, Wish, marked


@dataclass(frozen=True)
class Abilities:
    """`titles`: of the tools, for who asks more than the model knows; `scenes`, `wishes`,
    `passages`: by name of the tool the argument so marked; `cues`, `dues`: the words that it is
    asked for by, maybe and surely; `questions`: tools that are asked something; `by_heart`: tools
    whose passage may only be named."""

    titles: tuple[str, ...] = ()
    scenes: Mapping[str, str] = field(default_factory=dict)
    wishes: Mapping[str, str] = field(default_factory=dict)
    cues: Mapping[str, str] = field(default_factory=dict)
    dues: Mapping[str, Due] = field(default_factory=dict)
    questions: frozenset[str] = frozenset()
    passages: Mapping[str, str] = field(default_factory=dict)
    by_heart: frozenset[str] = frozenset()

    @classmethod
    def of(cls, tools: Iterable[Tool]) -> Self:
        known = {tool.name: tool for tool in tools}
        passages = {name: marked(tool.arguments, Passage) for name, tool in known.items()}
        return cls(
            tuple(tool.title_zh for tool in known.values()),
            {name: one for name, tool in known.items() for one in marked(tool.arguments, Scene)},
            {name: one for name, tool in known.items() for one in marked(tool.arguments, Wish)},
            {n: m.words for n, tool in known.items() for m in marked(tool.arguments, Cue).values()},
            {n: due for n, tool in known.items() for due in marked(tool.arguments, Due).values()},
            frozenset(name for name, tool in known.items() if marked(tool.arguments, Question)),
            {name: one for name, marks in passages.items() for one in marks},
            frozenset(n for n, marks in passages.items() for m in marks.values() if m.by_heart),
        )
