"""What has to be true of arguments before a tool runs, beyond the form of each.

A text says something and names nothing that the tool cannot see; a handle exists and is of the
right kind. All of it is found before anything is leased, so that a slip of the language model
costs nobody a place in the queue.
"""

import re
import unicodedata
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel
from pydantic_core import PydanticCustomError

from models.errors import ToolRetry
from tools.handles import HandleOf, Kind, mentioned
from tools.marks import Meaning, marked

if TYPE_CHECKING:
    from tools.context import ToolContext

_TOOL_NAME = re.compile(r"[a-z]+(?:_[a-z]+)+")


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
    return bare(one) == bare(other)


def check_handles(arguments: BaseModel, context: "ToolContext") -> None:
    """Every handle is of this conversation and of its kind, and no text names another.

    Raises `ToolRetry`.
    """
    named = set()
    for name, kind in handle_fields(type(arguments)).items():
        if (handle := getattr(arguments, name)) is not None:
            context.find(handle, kind)
            named.add(handle)
    for name in marked(type(arguments), Meaning):
        for handle in mentioned(getattr(arguments, name) or ""):
            if handle not in named:
                raise _out_of_sight(name, handle, named)


def handle_fields(model: type[BaseModel]) -> dict[str, Kind]:
    """Argument → kind of file, of those that take a handle."""
    return {name: mark.kind for name, mark in marked(model, HandleOf).items()}


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


def bare(text: str) -> str:
    """The letters, digits and picture signs of `text`, of one width and case."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if _is_word(character))
