"""A request's messages → what the engine is asked: words, files, history, instructions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from api.openai import links
from api.openai.chat_schemas import (
    MAX_CHARACTERS,
    MAX_FILES,
    AssistantMessage,
    AudioPart,
    ChatMessage,
    ChatRequest,
    ImagePart,
    RefusalPart,
    SystemMessage,
    TextPart,
    ToolMessage,
    UserMessage,
)
from api.openai.errors import unsupported
from api.openai.media import MediaRules
from models.errors import InvalidRequest

if TYPE_CHECKING:
    from agent.options import Options
    from duomo.programs import File, Message


def check_size(body: ChatRequest) -> None:
    """Raise InvalidRequest for more files or words than one request may hold."""
    parts = [part for message in body.messages for part in message.content]
    files = sum(isinstance(part, ImagePart | AudioPart) for part in parts)
    characters = sum(len(part.text) for part in parts if isinstance(part, TextPart))
    if files > MAX_FILES or characters > MAX_CHARACTERS:
        raise InvalidRequest(
            f"一次请求最多 {MAX_FILES} 个文件、{MAX_CHARACTERS} 字，请去掉一些。",
            f"One request takes {MAX_FILES} files and {MAX_CHARACTERS} characters; send fewer.",
        )


def options_of(body: ChatRequest, instructions: str = "") -> "Options":
    from agent.options import Options  # late, like all of the engine

    return Options(
        instructions=instructions,
        temperature=body.temperature,
        top_p=body.top_p,
        seed=body.seed,
        max_new_tokens=body.max_completion_tokens or body.max_tokens,
        stop=body.stop or (),
    )


def instructions_of(messages: Sequence[ChatMessage]) -> str:
    """What system and developer messages say, wherever they stand."""
    told = (words_of(message) for message in messages if isinstance(message, SystemMessage))
    return "\n\n".join(filter(None, told))


def talk_of(body: ChatRequest, rules: MediaRules) -> "list[Message]":
    """For the agent. Raises InvalidRequest and its kinds, MediaTooLarge, UnreadableMedia."""
    spoken = [message for message in body.messages if not isinstance(message, SystemMessage)]
    if body.tools and body.tool_choice != "none":
        raise unsupported(
            "tools",
            "duomo 用自己的工具。要用您的工具，请把 model 改成 duomo-llm。",
            "duomo has tools of its own. To offer yours, ask the model duomo-llm.",
        )
    if not spoken or not isinstance(spoken[-1], UserMessage):
        raise InvalidRequest("最后一条消息要是用户说的。", "The last message has to be the user's.")
    return [_message(message, rules) for message in spoken]


def bare_of(body: ChatRequest) -> list[dict[str, Any]]:
    """For the language model itself, in OpenAI's form; what the system says comes first."""
    instructions = instructions_of(body.messages)
    first = [{"role": "system", "content": instructions}] if instructions else []
    rest = [m for m in body.messages if not isinstance(m, SystemMessage)]
    if not rest:
        raise InvalidRequest("没有要回答的话。", "There is nothing to answer.")
    return [*first, *map(_bare, rest)]


def words_of(message: ChatMessage) -> str:
    said = (
        part.refusal if isinstance(part, RefusalPart) else part.text
        for part in message.content
        if isinstance(part, TextPart | RefusalPart)
    )
    return "\n".join(filter(None, said))


def _message(message: UserMessage | AssistantMessage | ToolMessage, rules: MediaRules) -> "Message":
    from duomo.programs import File, Message

    if isinstance(message, ToolMessage) or (
        isinstance(message, AssistantMessage) and message.tool_calls
    ):
        raise unsupported(
            "messages",
            "duomo 自己调用工具，消息里不能有工具调用。要自己调用，请用 duomo-llm。",
            "duomo calls its tools itself: no tool calls in its messages. Ask duomo-llm instead.",
        )
    if isinstance(message, AssistantMessage):
        words, shown = links.read(words_of(message), rules)
        files = [File(sha256=sha256, handle=handle) for handle, sha256 in shown]
        return Message("assistant", words, tuple(files))
    files = [_file(p, rules) for p in message.content if isinstance(p, ImagePart | AudioPart)]
    return Message("user", words_of(message), tuple(files))


def _file(part: ImagePart | AudioPart, rules: MediaRules) -> "File":
    from duomo.programs import File

    if isinstance(part, AudioPart):
        return File(rules.decoded(part.input_audio.data), "audio")
    if sha256 := rules.artifact(part.image_url.url):
        return File(sha256=sha256)
    return File(rules.picture(part.image_url.url), "image")


def _bare(message: ChatMessage) -> dict[str, Any]:
    told: dict[str, Any] = {"role": message.role, "content": words_of(message)}
    if any(isinstance(part, ImagePart | AudioPart) for part in message.content):
        raise unsupported(
            "messages",
            "duomo-llm 只读文字。有图片或声音时请用 duomo。",
            "duomo-llm reads words alone. Ask duomo about pictures and sounds.",
        )
    if isinstance(message, ToolMessage):
        told["tool_call_id"] = message.tool_call_id
    if isinstance(message, AssistantMessage) and message.tool_calls:
        told["tool_calls"] = [call.model_dump() for call in message.tool_calls]
    return told
