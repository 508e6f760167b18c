"""What has to be true of arguments before a tool runs, beyond the form of each.

A text says something and names nothing that the tool cannot see; a handle exists and is of the
right kind. All of it is found before anything is leased, so that a slip of the language model
costs nobody a place in the queue.
"""

import re
import typing
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel
from pydantic_core import PydanticCustomError

from models.errors import ToolRetry
from tools.handles import HandleOf, mentioned

if TYPE_CHECKING:
    from tools.context import ToolContext

_TOOL_NAME = re.compile(r"[a-z]+(?:_[a-z]+)+")


class Meaning:
    """Marks a text that is understood by what it says, not as it is written."""


def says_something(text: str) -> str:
    """A text with letters, digits or picture signs; an empty one passes, lengths are `Field`'s.

    A name of a program in place of the words is a slip too: query="search_images".
    """
    if text and not any(_is_word(character) for character in text):
        raise PydanticCustomError("no_words", "has nothing but punctuation", {"zh": "里只有标点"})
    if _TOOL_NAME.fullmatch(text):
        raise PydanticCustomError(
            "no_words", "is the name of a tool", {"zh": "是工具的名字，要写内容"}
        )
    return text


Sentence = Annotated[str, AfterValidator(says_something), Meaning()]
"""A text argument that describes, asks or instructs."""


def same_words(one: str, other: str) -> bool:
    """Whether two texts differ in width, case, spaces and punctuation alone."""
    return _bare(one) == _bare(other)


def check_handles(arguments: BaseModel, context: "ToolContext") -> None:
    """Every handle is of this conversation and of its kind, and no text names another.

    Raises `ToolRetry`.
    """
    named = set()
    for name, kind in handle_fields(type(arguments)).items():
        if (handle := getattr(arguments, name)) is not None:
            context.find(handle, kind)
            named.add(handle)
    for name in _fields(type(arguments), Meaning):
        for handle in mentioned(getattr(arguments, name) or ""):
            if handle not in named:
                raise _out_of_sight(name, handle, named)


@cache
def handle_fields(model: type[BaseModel]) -> "dict[str, typing.Literal['image', 'audio']]":
    """Argument → kind of file, of those that take a handle."""
    return {name: mark.kind for name, mark in _fields(model, HandleOf).items()}


@cache
def _fields(model: type[BaseModel], mark: type[Any]) -> dict[str, Any]:
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


def _out_of_sight(name: str, handle: str, named: set[str]) -> ToolRetry:
    sees = f"只看得到{'、'.join(sorted(named))}" if named else "看不到图片和录音"
    advice = "要用几张就分几次调用" if named else "请写成文字，或换别的工具"
    return ToolRetry(
        f"{name}里提到{handle}，但这个工具{sees}；{advice}。",
        f"{name} names {handle}, which this tool cannot see.",
        question="我一次只能处理一个文件。请说清楚是哪一个，有几个就分几句说。",
    )


def _is_word(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LN" or category == "So"


def _bare(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if _is_word(character))
