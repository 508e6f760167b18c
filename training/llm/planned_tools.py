"""Argument models of the four tools that need the checkpoints of a full profile.

The starter learns their signatures beside those of today's tools, so that it can call them, or
say that a full profile can, from the first day.
"""

from typing import Annotated, Any

from pydantic import Field

from tools import registry
from tools.contract import Arguments, AudioHandle, ImageHandle

Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]


class AskImage(Arguments):
    image: ImageHandle
    question: str = Field("", description="关于图片的问题，空着就是描述", max_length=500)


class GenerateImage(Arguments):
    prompt: str = Field(
        description="要画的内容，写全主体、环境、风格", min_length=1, max_length=1000
    )
    negative_prompt: str | None = Field(None, description="画面里不要的东西", max_length=500)
    style: str | None = Field(None, description="风格，用户点名预设时才填", max_length=20)
    size: str | None = Field(None, description="宽x高，单位像素，如1024x768")
    count: int = Field(1, description="画几张，1到8", ge=1, le=8)
    seed: Seed | None = Field(None, description="随机种子，用户提到时才填")


class EditImage(Arguments):
    image: ImageHandle
    instruction: str = Field(description="怎么改，一句中文", min_length=1, max_length=500)
    strength: float | None = Field(None, description="改动的强度，0到1", ge=0, le=1)
    seed: Seed | None = Field(None, description="随机种子，用户提到时才填")


class TranscribeAudio(Arguments):
    audio: AudioHandle


PLANNED: dict[str, type[Arguments]] = {
    "ask_image": AskImage,
    "edit_image": EditImage,
    "generate_image": GenerateImage,
    "transcribe_audio": TranscribeAudio,
}


def schemas() -> dict[str, dict[str, Any]]:
    """Name → OpenAI function schema: the tools that exist, and the planned ones beside them."""
    present = {name: registry.schema(tool) for name, tool in registry.discover().items()}
    planned = {name: _schema(name, model) for name, model in PLANNED.items()}
    return dict(sorted({**planned, **present}.items()))


def _schema(name: str, model: type[Arguments]) -> dict[str, Any]:
    """The function schema of a tool that has arguments but no function yet."""
    full = model.model_json_schema()
    required = full.get("required", [])
    parameters = {"type": "object", "properties": full["properties"], "required": required}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}
