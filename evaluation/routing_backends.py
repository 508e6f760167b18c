"""Who may be measured on routing: any LangChain chat model, or a bare checkpoint."""

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
from agent.reading import Reader
from agent.streaming import ignore
from duomo.language_server import LanguageServer
from duomo.settings import load_settings
from evaluation.routing_cases import AssistantReply, Message, Schema, ToolCall, parse_hermes
from tools.handles import attachments_of

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


def server_backend(url: str, model: str, name: str) -> ChatModelBackend:
    """`model` behind an OpenAI-compatible server, as the engine asks it, but greedily. Raises
    InvalidRequest (no address, no model's name)."""
    settings = load_settings(llm_url=url, llm_model=model, llm_temperature=0.0)
    served = LanguageServer(settings).chat_model(Reader(), ignore)
    assert served is not None, "the settings name a server"
    return ChatModelBackend(served, name)


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


def handles_of(messages: Sequence[Message]) -> list[str]:
    """The handles of a conversation, in order of appearance."""
    found: dict[str, None] = {}
    for message in messages:
        text = str(message["content"])
        if message["role"] == "user":  # only what stands before the words was attached
            text = attachments_of(text)[0]
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
