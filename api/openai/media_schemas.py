"""`/v1/audio`, `/v1/images`, `/v1/embeddings`: what may be asked, in OpenAI's names.

`model` may be anything: the profile says which checkpoint serves. Other fields that are not here
are passed over; those that would change the result and cannot be honoured are refused.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from api.openai.errors import unsupported
from api.schemas import Wire

MAX_INPUTS = 2048
MAX_DRAWN, MAX_PICTURES = 8, 32
_VOICES = {
    "女声": ("alloy", "coral", "nova", "sage", "shimmer", "marin", "female"),
    "男声": ("ash", "ballad", "echo", "fable", "onyx", "verse", "cedar", "male"),
}
VOICES = {name: own for own, names in _VOICES.items() for name in (own, *names)}
"""Name of a voice → what the tool calls it."""


class SpeechRequest(Wire):
    input: str = Field(min_length=1, max_length=4096)
    voice: str = "alloy"
    response_format: str = "mp3"
    speed: float = Field(default=1.0, ge=0.5, le=2.0)
    stream_format: Literal["audio", "sse"] | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> "SpeechRequest":
        if self.voice not in VOICES:
            raise unsupported(
                "voice",
                f"没有“{self.voice[:40]}”这种声音，可用的有：{'、'.join(VOICES)}。",
                f"No voice {self.voice[:40]!r}; there are {', '.join(VOICES)}.",
            )
        if self.response_format not in ("mp3", "opus", "flac", "wav"):
            raise unsupported(
                "response_format",
                "格式只能是 mp3、opus、flac 或 wav：别的格式放不下 AI 标识。",
                "Formats are mp3, opus, flac and wav: others cannot hold the AI-content label.",
            )
        _refuse("stream_format", self.stream_format == "sse")
        return self


class ImageOptions(Wire):
    """Of both kinds of requests. `seed` is an extension."""

    prompt: str = Field(min_length=1, max_length=1000)
    n: int | None = Field(default=None, ge=1, le=MAX_DRAWN)
    response_format: Literal["b64_json", "url"] | None = None
    output_format: str | None = None
    background: str | None = None
    stream: bool | None = None
    seed: int | None = Field(default=None, ge=0, lt=2**32)

    @model_validator(mode="after")
    def _is_possible(self) -> "ImageOptions":
        _refuse("output_format", self.output_format not in (None, "png"))
        _refuse("background", self.background == "transparent")
        _refuse("stream", bool(self.stream))
        return self


class ImageRequest(ImageOptions):
    """`negative_prompt` is an extension."""

    size: str | None = None
    negative_prompt: str | None = Field(default=None, max_length=500)

    def arguments(self) -> dict[str, Any]:
        """For `generate_image`."""
        size = None if self.size == "auto" else self.size
        given = {
            "prompt": self.prompt,
            "negative_prompt": self.negative_prompt,
            "size": size,
            "count": self.n,
            "seed": self.seed,
        }
        return {name: value for name, value in given.items() if value is not None}


class EditRequest(ImageOptions):
    """The fields beside the file. `strength` is an extension."""

    prompt: str = Field(min_length=1, max_length=500)
    strength: float | None = Field(default=None, gt=0, le=1)

    def arguments(self) -> list[dict[str, Any]]:
        """For `edit_image`, once for each picture wanted; they differ by their seeds."""
        given = {"image": "img-1", "instruction": self.prompt, "strength": self.strength}
        one = {name: value for name, value in given.items() if value is not None}
        if self.seed is None:
            return [one] * (self.n or 1)
        return [{**one, "seed": (self.seed + number) % 2**32} for number in range(self.n or 1)]


class TranscriptionRequest(Wire):
    """The fields beside the file; `language`, `prompt`, `temperature` are passed over."""

    response_format: Literal["json", "text", "srt", "verbose_json", "vtt"] = "json"
    timestamp_granularities: tuple[Literal["word", "segment"], ...] = ()
    stream: bool | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> "TranscriptionRequest":
        _refuse("stream", bool(self.stream))
        return self


class EmbeddingRequest(Wire):
    """A data: URL of a picture among the inputs is an extension."""

    input: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...],
        BeforeValidator(lambda one: [one] if isinstance(one, str) else one),
    ] = Field(min_length=1, max_length=MAX_INPUTS)
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None


def _refuse(param: str, is_wanted: bool) -> None:
    if is_wanted:
        raise unsupported(
            param,
            f"参数 {param} 的这个值不支持，请去掉它。",
            f"This value of {param} is not supported; leave it out.",
        )
