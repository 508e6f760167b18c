"""`edit_image`: a picture changed by an instruction, or drawn over in another style."""

from functools import partial
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from models.denoising.defaults import DrawingDefaults
from tools import replies
from tools.artifacts import Artifact
from tools.checks import Sentence
from tools.context import ToolContext
from tools.contract import Arguments, ImageHandle, ToolOutput, tool
from tools.drawing import Seed, draw_or_again, new_seed, progress_of, seed_after
from tools.drawing_styles import STYLES, last_style
from tools.marks import Due, Wish

_DUE = Due(
    r"(?:[改变换弄]|[调修]|P)[成为掉](?![“「『]|\S{0,4}[张幅]|[^，。]{0,12}(?:再|测|打分))|[去抹删擦抠][掉除]|[抹删擦抠]了|扶正|[提调]亮|清理|修[一复]|[加添]上"
    "|再[^，。？?看来找给问说讲听念读]{1,3}一?[点些]",
    instead=frozenset({"generate_image", "read_text", "transcribe_audio"}),
)


class EditImage(Arguments):
    image: ImageHandle
    instruction: Annotated[Sentence, Wish(), _DUE] = Field(
        description="怎么改，一句中文", min_length=1, max_length=500
    )
    strength: float | None = Field(None, description="改动的强度，0到1", ge=0, le=1)
    seed: Seed | None = Field(None, description="随机种子，用户提到时才填")

    @field_validator("strength")
    @classmethod
    def _changes_something(cls, strength: float | None) -> float | None:
        if strength == 0:
            raise PydanticCustomError(
                "contradiction",
                "0 leaves the picture as it is",
                {"zh": "为0就是不改", "question": "力度是0就等于不改。要改多少？从0到1说一个数。"},
            )
        return strength


@tool(title_zh="改图", title_en="Edit", icon="auto_fix_high", roles=("edit",))
def edit_image(arguments: EditImage, context: ToolContext) -> ToolOutput:
    """按一句话修改图片。"""
    source, picture = context.image(arguments.image)
    prompt = _prompt(arguments, context)
    seed = new_seed() if arguments.seed is None else arguments.seed
    with (
        context.lease("edit", size=picture.width * picture.height) as editor,
        progress_of(context) as progress,
    ):
        edit = partial(
            editor.edit, picture, prompt, strength=arguments.strength, on_step=progress.step
        )
        drawn = draw_or_again(lambda tried: edit(seed=tried), seed, seed_after(seed, 1))
        revision = editor.revision
    handle = context.keep_image(
        drawn.picture,
        role="edit",
        name=f"{arguments.instruction[:20]}.png",
        seed=drawn.seed,
        prompt=prompt,
        revision=revision,
        parents=(source.sha256,),
    )
    details = {"prompt": prompt, "seed": drawn.seed, "note": _note(source, context)}
    return ToolOutput(replies.edited(arguments.image, handle), (handle,), details)


def _prompt(arguments: EditImage, context: ToolContext) -> str:
    """The instruction; from the noised picture a style is asked for as in drawing, by its name."""
    if arguments.strength is None:
        return arguments.instruction
    defaults = DrawingDefaults.of(context.residency.checkpoint("edit"))
    known = [s for name, s in STYLES.items() if defaults.styles is None or name in defaults.styles]
    style = last_style(arguments.instruction, known)
    return style.zh if style else arguments.instruction


def _note(source: Artifact, context: ToolContext) -> str:
    """What a small checkpoint cannot do with pictures that no checkpoint of ours drew."""
    checkpoint: Any = context.residency.checkpoint("edit")
    foreign = not source.lineage.is_drawn
    return checkpoint.note.zh if checkpoint.bundled and checkpoint.note and foreign else ""
