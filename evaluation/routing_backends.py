"""Who may be measured on routing: any LangChain chat model, a bare checkpoint, plain keywords."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from transformers import AutoModelForCausalLM, AutoTokenizer

from agent.context import RunContext, current_run
from evaluation.routing_cases import AssistantReply, Message, Schema, ToolCall, parse_hermes

_HANDLE = re.compile(r"(?:img|aud)-[1-9]\d*")


class ChatModelBackend:
    """Any LangChain chat model that binds tools: the product's own, or one behind an endpoint."""

    def __init__(self, model: BaseChatModel, name: str) -> None:
        self.name = name
        self._model = model

    def complete(self, messages: list[Message], tools: list[Schema]) -> AssistantReply:
        bound = self._model.bind_tools([dict(tool) for tool in tools])
        with _run_with(handles_of(messages)):
            answer = bound.invoke([_as_langchain(message) for message in messages])
        calls = [ToolCall(call["name"], call["args"]) for call in answer.tool_calls]
        return AssistantReply(str(answer.text), calls, bool(answer.invalid_tool_calls))


class CheckpointBackend:
    """A checkpoint as transformers loads it: greedy, no grammar. For a look while training."""

    def __init__(self, folder: Path) -> None:
        self.name = f"{folder.name}, no grammar"
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._model: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True
        )

    def complete(self, messages: list[Message], tools: list[Schema]) -> AssistantReply:
        prompt = self._tokenizer.apply_chat_template(
            messages, tools=[dict(tool) for tool in tools], add_generation_prompt=True,
            return_tensors="pt", return_dict=True,
        )  # fmt: skip
        with torch.inference_mode():
            out = self._model.generate(**prompt, max_new_tokens=256, do_sample=False)
        written = out[0, prompt["input_ids"].shape[1] :]
        text = str(self._tokenizer.decode(written, skip_special_tokens=False))
        return parse_hermes(text.removesuffix("<|im_end|>"), {t["function"]["name"] for t in tools})


_KEYWORDS: list[tuple[str, str]] = [  # the first that occurs decides, as in IDPChat
    ("edit_image", "改成|换成|去掉|加上|加个|修一下|P掉|抠图"),
    ("generate_image", "画|生成|设计|出图|海报"),
    ("find_similar_images", "相似|像的|以图搜图|类似"),
    ("search_images", "找|搜|检索|图库"),
    ("transcribe_audio", "转文字|录音|听写|转写"),
    ("read_text", "文字|识别|OCR|写的什么"),
    ("speak", "念|读|朗读|语音"),
    ("score_image", "打分|分数|匹配"),
]


class KeywordBackend:
    """Routes by the first keyword, one tool a turn, the whole sentence as its argument."""

    name = "keywords"

    def complete(self, messages: list[Message], tools: list[Schema]) -> AssistantReply:
        last = messages[-1]
        offered = {tool["function"]["name"] for tool in tools}
        if last["role"] == "tool":
            return AssistantReply("好了。", [])
        text = str(last["content"])
        for name, words in _KEYWORDS:
            if name in offered and re.search(words, text):
                return AssistantReply("", [ToolCall(name, _guess(name, text, messages))])
        if "[img-" in text and "ask_image" in offered:
            call = ToolCall("ask_image", _guess("ask_image", text, messages))
            return AssistantReply("", [call])
        return AssistantReply("好的。", [])


def _guess(name: str, text: str, messages: Sequence[Message]) -> dict[str, Any]:
    handles = handles_of(messages)
    image = next((h for h in reversed(handles) if h.startswith("img")), "img-1")
    audio = next((h for h in reversed(handles) if h.startswith("aud")), "aud-1")
    words = text.rpartition("]")[2]
    every = {
        "image": image, "audio": audio, "query": words, "prompt": words, "text": words,
        "instruction": words, "question": words,
    }  # fmt: skip
    wanted = {
        "search_images": ["query"], "find_similar_images": ["image"], "read_text": ["image"],
        "ask_image": ["image", "question"], "generate_image": ["prompt"], "speak": ["text"],
        "edit_image": ["image", "instruction"], "transcribe_audio": ["audio"],
        "score_image": ["image", "text"],
    }  # fmt: skip
    return {key: every[key] for key in wanted[name]}


def handles_of(messages: Sequence[Message]) -> list[str]:
    """The handles of a conversation, in order of appearance."""
    found: dict[str, None] = {}
    for message in messages:
        text = str(message["content"])
        if message["role"] == "user":  # only what stands before the words was attached
            text = "".join(re.findall(r"^(?:\[[a-z]+-\d+\])*", text)[:1])
        if message["role"] in ("user", "tool"):
            found |= dict.fromkeys(_HANDLE.findall(text))
    return list(found)


@contextmanager
def _run_with(handles: Sequence[str]) -> Iterator[None]:
    """A run around a call of the chat model, so that the grammar knows the handles."""
    run = RunContext("evaluation", "evaluation", lambda _: None, lambda: handles)
    token = current_run.set(run)
    try:
        yield
    finally:
        current_run.reset(token)


def _as_langchain(message: Mapping[str, Any]) -> BaseMessage:
    content = str(message["content"])
    match message["role"]:
        case "system":
            return SystemMessage(content)
        case "user":
            return HumanMessage(content)
        case "tool":
            return ToolMessage(content, tool_call_id=message["tool_call_id"], name=message["name"])
    calls = [
        {"id": c["id"], "name": c["function"]["name"], "args": c["function"]["arguments"]}
        for c in message.get("tool_calls", [])
    ]
    return AIMessage(content, tool_calls=calls)
