"""Chat completions by the real starter, as the openai package reads them."""

import hashlib
import json
import re
from typing import Any

import httpx
from openai import OpenAI

from duomo.engine import Engine
from tests.api.openai.conftest import data_url
from tests.fixtures.home import picture

FIND = {"role": "user", "content": "帮我找几张有拱桥的图"}
SEARCH = {
    "type": "function",
    "function": {
        "name": "search_images",
        "description": "找图",
        "parameters": {
            "type": "object",
            "properties": {"query": {"type": "string"}},
            "required": ["query"],
        },
    },
}


def ask(client: OpenAI, *messages: Any, model: str = "duomo", **more: Any) -> Any:
    return client.chat.completions.create(model=model, messages=list(messages), **more)


def test_both_models_are_listed(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["duomo", "duomo-llm"]
    assert client.models.retrieve("duomo").owned_by == "duomo"


def test_the_agent_shows_what_its_tools_found_and_goes_on_from_a_told_history(
    client: OpenAI, engine: Engine
) -> None:
    found = ask(client, FIND)
    (choice,) = found.choices
    assert choice.finish_reason == "stop"
    links = re.findall(r"!\[(img-\d)\]\((http://[^)]+)\)", choice.message.content)
    assert [handle for handle, _ in links] == ["img-1", "img-2", "img-3", "img-4"]
    assert httpx.get(links[0][1]).headers["content-type"].startswith("image/")
    (step,) = choice.message.duomo["steps"]
    assert (step["tool"], step["state"]) == ("search_images", "done")
    assert found.usage.total_tokens == found.usage.prompt_tokens + found.usage.completion_tokens
    assert found.usage.completion_tokens > 0
    second = choice.message.duomo["artifacts"][1]["sha256"]

    said = {"role": "assistant", "content": choice.message.content}
    read = ask(client, FIND, said, {"role": "user", "content": "读一下img-2上面的字"})
    (step,) = read.choices[0].message.duomo["steps"]
    assert (step["tool"], step["arguments"]) == ("read_text", {"image": "img-2"})
    assert step["state"] == "done"
    newest = engine.events.conversations.list("program")[0].id
    resolved = engine.artifacts.resolve(newest, "img-2")
    assert resolved is not None
    assert resolved.sha256 == second


def test_a_stream_says_the_same_in_chunks(client: OpenAI, engine: Engine) -> None:
    whole = ask(client, FIND).choices[0].message
    chunks = list(ask(client, FIND, stream=True, stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant"
    assert {chunk.id for chunk in chunks} == {chunks[0].id}
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens > 0
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert "".join(c.choices[0].delta.content or "" for c in chunks[:-1]) == whole.content
    last = chunks[-2]
    assert last.choices[0].finish_reason == "stop"
    assert [step["tool"] for step in last.duomo["steps"]] == ["search_images"]


def test_the_stream_ends_as_openai_ends_it(url: str, engine: Engine) -> None:
    body = {"model": "duomo", "messages": [{"role": "user", "content": "你好"}], "stream": True}
    answer = httpx.post(f"{url}/v1/chat/completions", json=body, timeout=100)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [line for line in answer.text.split("\n\n") if line and not line.startswith(":")]
    assert all(event.startswith("data: ") for event in events)
    assert events[-1] == "data: [DONE]"
    assert "usage" not in json.loads(events[0][6:])


def test_pictures_of_the_history_keep_their_handles(client: OpenAI, engine: Engine) -> None:
    def shown(*colours: str) -> list[dict[str, Any]]:
        return [{"type": "image_url", "image_url": {"url": data_url(c)}} for c in colours]

    said = {"role": "assistant", "content": "看到了。"}
    read = ask(
        client,
        {"role": "user", "content": shown("red", "blue")},
        said,
        {"role": "user", "content": shown("green")},
        said,
        {"role": "user", "content": "读一下img-2上面的字"},
    )
    (step,) = read.choices[0].message.duomo["steps"]
    assert step["arguments"] == {"image": "img-2"}
    assert step["state"] == "done"
    conversation = engine.events.conversations.list("program")[0].id
    handles = dict(engine.artifacts.handles(conversation))
    assert list(handles) == ["img-1", "img-2", "img-3"]
    assert handles["img-2"].sha256 == hashlib.sha256(picture("blue")).hexdigest()


def test_the_bare_model_leaves_tools_to_the_caller(client: OpenAI, engine: Engine) -> None:
    asked = ask(client, FIND, model="duomo-llm", tools=[SEARCH])
    (choice,) = asked.choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    (call,) = choice.message.tool_calls
    assert call.function.name == "search_images"
    assert "拱桥" in json.loads(call.function.arguments)["query"]

    said = choice.message.model_dump(include={"role", "content", "tool_calls"})
    result = {"role": "tool", "tool_call_id": call.id, "content": "找到1张图片：[img-1]"}
    answer = ask(client, FIND, said, result, model="duomo-llm", tools=[SEARCH]).choices[0]
    assert answer.finish_reason == "stop"
    assert answer.message.content

    chunks = list(ask(client, FIND, model="duomo-llm", tools=[SEARCH], stream=True))
    deltas = [c for chunk in chunks for c in chunk.choices[0].delta.tool_calls or ()]
    assert deltas[0].function.name == "search_images"
    assert "".join(d.function.arguments for d in deltas) == call.function.arguments
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


def test_limits_of_the_caller_hold(client: OpenAI, engine: Engine) -> None:
    hello = {"role": "user", "content": "你好呀"}
    whole = ask(client, hello, model="duomo-llm").choices[0].message.content
    cut = ask(client, hello, model="duomo-llm", max_tokens=3)
    assert cut.choices[0].finish_reason == "length"
    assert cut.usage.completion_tokens == 3
    assert whole.startswith(cut.choices[0].message.content)
    stopped = ask(client, hello, model="duomo-llm", stop=[whole[4:6]]).choices[0]
    assert stopped.finish_reason == "stop"
    assert stopped.message.content == whole[: whole.index(whole[4:6])]
    same = [
        ask(client, hello, model="duomo-llm", temperature=2, seed=7).choices[0].message.content
        for _ in range(2)
    ]
    assert same[0] == same[1]


def test_nothing_of_it_is_in_the_list_or_the_memory(client: OpenAI, engine: Engine) -> None:
    ask(client, {"role": "user", "content": "你好"})
    assert engine.events.conversations.list() == []
    (newest, *_) = engine.events.conversations.list("program")
    config: Any = {"configurable": {"thread_id": newest.id}}
    assert not engine._agent().get_state(config).values
