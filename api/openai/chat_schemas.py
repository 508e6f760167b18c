"""`POST /v1/chat/completions`: what may be asked.

Names and shapes are OpenAI's (https://platform.openai.com/docs/api-reference/chat). A field that is
not here is passed over; one that would change the answer and cannot be honoured is refused.
"""

import json
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from api.openai.errors import unsupported
from api.schemas import Wire

MAX_MESSAGES = 1000
MAX_FILES = 32
"""Pictures and sounds of one request, those in its history among them."""
MAX_CHARACTERS = 400_000
"""Of all words of one request."""
MAX_TOOLS = 128


class TextPart(Wire):
    type: Literal["text"]
    text: str


class RefusalPart(Wire):
    type: Literal["refusal"]
    refusal: str


class ImageUrl(Wire):
    url: str = Field(description="A data: URL, or the address of an artifact of this engine")


class ImagePart(Wire):
    type: Literal["image_url"]
    image_url: ImageUrl


class InputAudio(Wire):
    data: str = Field(description="Base64")
    format: Literal["wav", "mp3"]


class AudioPart(Wire):
    type: Literal["input_audio"]
    input_audio: InputAudio


def _as_parts(content: Any) -> Any:
    """Words alone are one part."""
    if content is None:
        return []
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


Texts = Annotated[tuple[TextPart, ...], BeforeValidator(_as_parts)]
Spoken = Annotated[TextPart | ImagePart | AudioPart, Field(discriminator="type")]
Answered = Annotated[TextPart | RefusalPart, Field(discriminator="type")]


class Function(Wire):
    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    description: str = ""
    parameters: dict[str, Any] = Field(default={"type": "object", "properties": {}})


class ToolSpec(Wire):
    type: Literal["function"] = "function"
    function: Function


class CalledFunction(Wire):
    name: str
    arguments: str

    @field_validator("arguments")
    @classmethod
    def _is_object(cls, arguments: str) -> str:
        try:
            is_object = isinstance(json.loads(arguments), dict)
        except (ValueError, RecursionError):
            is_object = False
        if not is_object:
            raise PydanticCustomError("arguments", "must be an object of JSON, as a string")
        return arguments


class ToolCall(Wire):
    id: str
    type: Literal["function"] = "function"
    function: CalledFunction


class SystemMessage(Wire):
    role: Literal["system", "developer"]
    content: Texts


class UserMessage(Wire):
    role: Literal["user"]
    content: Annotated[tuple[Spoken, ...], BeforeValidator(_as_parts)]


class AssistantMessage(Wire):
    role: Literal["assistant"]
    content: Annotated[tuple[Answered, ...], BeforeValidator(_as_parts)] = ()
    tool_calls: tuple[ToolCall, ...] | None = None


class ToolMessage(Wire):
    role: Literal["tool"]
    content: Texts
    tool_call_id: str


ChatMessage = Annotated[
    SystemMessage | UserMessage | AssistantMessage | ToolMessage, Field(discriminator="role")
]


class StreamOptions(Wire):
    include_usage: bool = False


class OwnOptions(Wire):
    """What OpenAI's API has no name for."""

    approve: bool = Field(default=False, description="Steps that ask first go ahead")


class ChatRequest(Wire):
    model: str
    messages: tuple[ChatMessage, ...] = Field(min_length=1, max_length=MAX_MESSAGES)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    seed: int | None = Field(default=None, ge=-(2**63), lt=2**63)
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    stop: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] | None,
        BeforeValidator(lambda stop: [stop] if isinstance(stop, str) else stop),
    ] = Field(default=None, max_length=4)
    tools: tuple[ToolSpec, ...] | None = Field(default=None, max_length=MAX_TOOLS)
    tool_choice: Any = None
    n: int | None = None
    logprobs: bool | None = None
    modalities: tuple[str, ...] | None = None
    response_format: dict[str, Any] | None = None
    functions: Any = None
    duomo: OwnOptions | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> "ChatRequest":
        for param, is_wanted in (
            ("n", self.n not in (None, 1)),
            ("logprobs", bool(self.logprobs)),
            ("modalities", self.modalities not in (None, ("text",))),
            ("response_format", (self.response_format or {}).get("type", "text") != "text"),
            ("tool_choice", self.tool_choice not in (None, "auto", "none")),
            ("functions", bool(self.functions)),
        ):
            if is_wanted:
                raise unsupported(
                    param,
                    f"参数 {param} 的这个值不支持，请去掉它。",
                    f"This value of {param} is not supported; leave it out.",
                )
        return self
