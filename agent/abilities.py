"""What a small model gets help with, as the contracts of its tools say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from tools.contract import Tool
from tools.marks import Cue, Passage, Scene, Wish, marked


@dataclass(frozen=True)
class Abilities:
    """`titles`: of the tools, for who asks more than the model knows; `scenes`, `wishes`,
    `passages`: by name of the tool the argument so marked; `cues`: the words that it is asked for
    by; `by_heart`: tools whose passage may only be named."""

    titles: tuple[str, ...] = ()
    scenes: Mapping[str, str] = field(default_factory=dict)
    wishes: Mapping[str, str] = field(default_factory=dict)
    cues: Mapping[str, str] = field(default_factory=dict)
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
            {name: one for name, marks in passages.items() for one in marks},
            frozenset(n for n, marks in passages.items() for m in marks.values() if m.by_heart),
        )
