"""`generate_image`: pictures drawn from words."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.denoising.defaults import DrawingDefaults
from models.errors import Cancelled, ToolFailed, ToolRetry
from tools import replies
from tools.checks import Sentence, same_words
from tools.context import ToolContext
from tools.contract import Arguments, ToolOutput, tool
from tools.drawing import Drawn, Progress, Seed, draw_or_again, new_seed, progress_of, seed_after
from tools.drawing_prompts import Optimised, optimise
from tools.drawing_styles import STYLES, Style, find_style
from tools.marks import Due, Scene
from tools.picture_sizes import Size, read_size, rounded, written

if TYPE_CHECKING:
    from models.roles.t2i import ImageGenerator


_DUE = Due(
    "画(?:一|个|张|幅|成|出)|再画|照着[^，。]{0,12}画|[给为][^，。]{0,6}[句诗词话][^，。]{0,6}配[个张幅]?图",
    instead=frozenset({"edit_image", "search_images", "find_similar_images"}),
)


class GenerateImage(Arguments):
    prompt: Annotated[Sentence, Scene(), _DUE] = Field(
        description="要画的内容，写全主体、环境、风格", min_length=1, max_length=1000
    )
    negative_prompt: str | None = Field(None, description="画面里不要的东西", max_length=500)
    style: str | None = Field(None, description="风格，用户点名预设时才填", max_length=20)
    size: str | None = Field(None, description="宽x高，单位像素，如1024x768")
    count: int = Field(1, description="画几张，1到8", ge=1, le=8)
    seed: Seed | None = Field(None, description="随机种子，用户提到时才填")

    @model_validator(mode="after")
    def _wants_what_it_asks_for(self) -> Self:
        if self.negative_prompt and same_words(self.prompt, self.negative_prompt):
            raise PydanticCustomError(
                "contradiction",
                "negative_prompt says the same as prompt",
                {
                    "zh": "negative_prompt和prompt一样，等于什么都不画",
                    "question": "要画的和不要的是同一样东西。请告诉我画什么，不要什么。",
                },
            )
        return self


@tool(title_zh="画图", title_en="Draw", icon="brush", roles=("t2i",))
def generate_image(arguments: GenerateImage, context: ToolContext) -> ToolOutput:
    """按一段文字画出图片。"""
    checkpoint = context.residency.checkpoint("t2i")
    defaults = DrawingDefaults.of(checkpoint)
    wording = _worded(arguments, defaults, checkpoint.languages)
    asked = read_size(arguments.size, defaults.max_pixels) if arguments.size else None
    pixels = asked[0] * asked[1] if asked else defaults.size**2
    with context.lease("t2i", size=pixels) as generator, progress_of(context) as progress:
        size = rounded(asked or generator.native_size, generator.size_multiple, defaults.max_pixels)
        order = _Order(arguments, wording, size, generator, progress, defaults.things)
        handles, seeds, note = _drawn(order, context)
    notes = [*_notes(order, asked), *([note] if note else [])]
    return ToolOutput(
        replies.generated(handles) + (f"\n（{'；'.join(notes)}）" if notes else ""),
        tuple(handles),
        _details(order, seeds, [*notes, *_doubts(order)]),
    )


@dataclass(frozen=True)
class _Order:
    """What is drawn, and with what."""

    arguments: GenerateImage
    wording: Optimised
    size: Size
    generator: "ImageGenerator"
    progress: Progress
    things: tuple[str, ...] | None

    def pictures(self) -> Iterator[Drawn]:
        """One after the other, each from the seed that follows."""
        count = self.arguments.count
        first = new_seed() if self.arguments.seed is None else self.arguments.seed
        for number in range(count):
            seed = seed_after(first, number)
            yield draw_or_again(partial(self._draw, number + 1), seed, seed_after(seed, count))

    def _draw(self, number: int, seed: int) -> Any:
        width, height = self.size
        return self.generator.generate(
            self.wording.text,
            width=width,
            height=height,
            seed=seed,
            negative_prompt=self.arguments.negative_prompt or "",
            on_step=lambda step: self.progress.step(step, number, self.arguments.count),
        )


def _drawn(order: _Order, context: ToolContext) -> tuple[list[str], list[int], str]:
    """Handles and seeds; and why there are fewer than asked for, when there are.

    Each picture is kept as soon as it is finished: who stops keeps what there is.
    """
    handles: list[str] = []
    seeds: list[int] = []
    try:
        for drawn in order.pictures():
            handles.append(_kept(order, drawn, context))
            seeds.append(drawn.seed)
    except (Cancelled, ToolFailed) as error:
        if not handles:
            raise
        why = "中途停止" if isinstance(error, Cancelled) else "有一张两次都是空白"
        return handles, seeds, f"{why}，画好{len(handles)}张，共要{order.arguments.count}张"
    return handles, seeds, ""


def _kept(order: _Order, drawn: Drawn, context: ToolContext) -> str:
    return context.keep_image(
        drawn.picture,
        role="t2i",
        name=f"{order.wording.text[:20]}.png",
        seed=drawn.seed,
        prompt=order.wording.text,
        revision=order.generator.revision,
    )


def _worded(
    arguments: GenerateImage, defaults: DrawingDefaults, languages: tuple[str, ...]
) -> Optimised:
    """The words for the checkpoint. ToolRetry when nothing is left to draw."""
    style = _style(arguments.style, defaults) if arguments.style else None
    wording = optimise(
        arguments.prompt,
        style=style,
        known=defaults.styles,
        quality=defaults.quality,
        languages=languages,
    )
    if not wording.text:
        raise ToolRetry(
            "prompt里没有要画的内容，请写出画什么。",
            "The prompt names nothing to draw.",
            question="要画什么？请说说画面里有些什么。",
        )
    return wording


def _style(name: str, defaults: DrawingDefaults) -> Style:
    known = tuple(STYLES) if defaults.styles is None else defaults.styles
    style = find_style(name)
    if style is None or style.name not in known:
        raise ToolRetry(
            f"没有“{name}”这种风格，可用的有：{'、'.join(known)}；别的风格请写进prompt。",
            f"No style {name!r}; there are {', '.join(known)}. Describe others in the prompt.",
            question=f"没有“{name}”这种风格。要哪一种：{'、'.join(known)}？",
        )
    return style


def _notes(order: _Order, asked: Size | None) -> list[str]:
    """What did not go as asked."""
    notes = []
    if order.arguments.negative_prompt and not order.generator.uses_negative_prompt:
        notes.append("这个模型不看negative_prompt，已忽略")
    if asked is not None and asked != order.size:
        notes.append(f"尺寸取整为{written(order.size)}")
    if order.wording.unknown_style:
        notes.append(f"这个模型没有学过{order.wording.unknown_style}风格")
    return notes


def _doubts(order: _Order) -> list[str]:
    """What the person should know, and the language model need not act on."""
    if order.things is None or any(word in order.wording.text for word in order.things):
        return []
    return ["这个入门模型没有学过这样的东西，画出来多半不像"]


def _details(order: _Order, seeds: list[int], notes: list[str]) -> dict[str, Any]:
    return {
        "prompt": order.wording.text,
        "style": order.wording.style,
        "verbatim": order.wording.verbatim,
        "size": written(order.size),
        "seeds": seeds,
        "note": "；".join(notes),
    }
