"""Marks on an argument say what it holds, to whoever handles calls without knowing the tool:
`query: Annotated[Sentence, Scene()]`.
"""

import typing
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel


@dataclass(frozen=True)
class Meaning:
    """Marks a text that is understood by what it says, not as it is written."""


@dataclass(frozen=True)
class Scene:
    """Marks words for what is to be seen: a person's own do as well as the model's."""


@dataclass(frozen=True)
class Wish:
    """Marks what a person wants done, which no other step gives."""


@dataclass(frozen=True)
class Cue:
    """Marks what another step may give to a tool that a person asks for by one of these `words`, a
    regular expression that rather finds one too many."""

    words: str


@dataclass(frozen=True)
class Due:
    """Marks an argument of a tool that a person asks for by these `words`, a regular expression
    that rather finds one too few; a tool named in `instead` may have been meant as well."""

    words: str
    instead: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Question:
    """Marks what a person wants to know, and so no order."""


@dataclass(frozen=True)
class Passage:
    """Marks a text that a person gives, taken letter by letter; `by_heart`: or names by its title,
    as poems are."""

    by_heart: bool = False


@cache
def marked(model: type[BaseModel], mark: type[Any]) -> dict[str, Any]:
    """Argument → its mark of that type, of those that carry one."""
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        marks = (*field.metadata, *_metadata(field.annotation))
        if known := next((known for known in marks if isinstance(known, mark)), None):
            found[name] = known
    return found


def _metadata(annotation: Any) -> Iterator[Any]:
    """What `Annotated` carries anywhere in an annotation, such as `Handle | None`."""
    yield from getattr(annotation, "__metadata__", ())
    for part in typing.get_args(annotation):
        yield from _metadata(part)
