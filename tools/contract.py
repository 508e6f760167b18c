"""What a tool is: an argument model, one function, one line that registers it.

    class SearchImages(Arguments):
        query: str = Field(description="要找的内容", min_length=1, max_length=200)

    @tool(title_zh="搜索图片", title_en="Search pictures", icon="image_search", roles=("clip",))
    def search_images(arguments: SearchImages, context: ToolContext) -> ToolOutput:
        \"\"\"从图库里找图。\"\"\"   <- what the language model reads

The function borrows weights only through `context.lease`, reports through `context.progress`,
calls `context.check_cancelled` in its loop, and raises `ToolRetry` (the model can correct it: one
short Chinese hint) or `ToolFailed` (it cannot).
"""

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tools.checks import check_handles
from tools.context import ToolContext
from tools.handles import HandleOf
from tools.validation import retry_from


class Arguments(BaseModel):
    """Base of every argument model: unknown names are errors, surrounding spaces are not."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


ImageHandle = Annotated[
    str, Field(description="图片编号，如img-1", min_length=1, max_length=16), HandleOf("image")
]
AudioHandle = Annotated[
    str, Field(description="音频编号，如aud-1", min_length=1, max_length=16), HandleOf("audio")
]


@dataclass(frozen=True)
class ToolOutput:
    """`text` (words of `tools/replies.py`) for the model; `handles`, `details` for the screen."""

    text: str
    handles: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Tool:
    """A registered tool. `roles`: what it leases; offered only where the profile has them all."""

    name: str
    description: str
    arguments: type[Arguments]
    run: Callable[[Any, ToolContext], ToolOutput]
    roles: tuple[str, ...]
    title_zh: str
    title_en: str
    icon: str
    module: str

    def parse(self, raw: Mapping[str, Any]) -> Arguments:
        """Arguments as the model wrote them → validated; `ToolRetry` with a Chinese hint."""
        try:
            return self.arguments.model_validate(raw)
        except ValidationError as error:
            raise retry_from(error, self.arguments) from error

    def invoke(self, raw: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Validate `raw`, then run in `context`. The one way in for whoever calls a tool."""
        arguments = self.parse(raw)
        check_handles(arguments, context)
        with context.calling(self.name, arguments.model_dump(exclude_defaults=True)) as call:
            output = self.run(arguments, call)
        if not context.recall.hit:
            return output
        return replace(output, details={**output.details, "cached": True})


def tool(
    *, title_zh: str, title_en: str, icon: str, roles: tuple[str, ...] = ()
) -> Callable[[Callable[[Any, ToolContext], ToolOutput]], Tool]:
    """Register a function `(arguments, context) -> ToolOutput`. `icon`: a Material symbol name."""

    def register(run: Callable[[Any, ToolContext], ToolOutput]) -> Tool:
        return Tool(
            name=run.__name__,
            description=_first_paragraph(run),
            arguments=_argument_model(run),
            run=run,
            roles=roles,
            title_zh=title_zh,
            title_en=title_en,
            icon=icon,
            module=run.__module__,
        )

    return register


def _first_paragraph(run: Callable[..., Any]) -> str:
    paragraph = (inspect.getdoc(run) or "").partition("\n\n")[0]
    if not paragraph:
        raise TypeError(f"{run.__name__} needs a docstring: the language model reads it")
    return paragraph.replace("\n", "")


def _argument_model(run: Callable[..., Any]) -> type[Arguments]:
    first = next(iter(inspect.signature(run).parameters))
    model = typing.get_type_hints(run)[first]
    if not (isinstance(model, type) and issubclass(model, Arguments)):
        raise TypeError(f"the first parameter of {run.__name__} must be an Arguments model")
    return model
