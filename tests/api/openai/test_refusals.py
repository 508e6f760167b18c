"""What is refused, in OpenAI's shape; and that hanging up stops the device."""

import threading
import time
from typing import Any

import httpx
import openai
import pytest
from langchain_core.messages import SystemMessage
from openai import OpenAI

from models.errors import OutOfMemory
from tests.api.conftest import Running, Serve
from tests.api.openai.conftest import data_url

HELLO: Any = [{"role": "user", "content": "你好"}]


def client_of(running: Running) -> OpenAI:
    return OpenAI(base_url=f"{running.url}/v1", api_key="none", timeout=20, max_retries=0)


def shown(url: str) -> list[Any]:
    return [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]


def heard(data: str) -> list[Any]:
    sound = {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}
    return [{"role": "user", "content": [sound]}]


TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
ANSWERED = [*HELLO, {"role": "assistant", "content": "好"}]


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"model": "gpt-4o"}, 404, "duomo-llm"),
        ({"messages": []}, 400, "messages"),
        ({"messages": ANSWERED}, 400, "最后一条"),
        ({"messages": shown("https://example.org/a.png")}, 400, "data:image/png"),
        ({"messages": shown("data:image/png;base64,AAA")}, 400, "base64"),
        ({"messages": shown("data:image/png;base64,AAAA")}, 400, "图片损坏"),
        ({"messages": heard("AAAA")}, 400, "声音"),
        ({"messages": shown(data_url()) * 33}, 400, "32"),
        ({"messages": [{"role": "user", "content": "长" * 20_001}]}, 400, "20000"),
        ({"tools": [TOOL]}, 400, "duomo-llm"),
        ({"model": "duomo-llm", "messages": shown(data_url())}, 400, "duomo"),
        ({"n": 2}, 400, "n"),
        ({"response_format": {"type": "json_object"}}, 400, "response_format"),
        ({"temperature": 3}, 400, "temperature"),
        ({"stop": ["a"] * 5}, 400, "stop"),
    ],
)
def test_what_cannot_be_honoured_is_refused_in_words(
    serve: Serve, body: dict[str, Any], status: int, told: str
) -> None:
    running = serve()
    asked = {"model": "duomo", "messages": HELLO, **body}
    answer = httpx.post(f"{running.url}/v1/chat/completions", json=asked)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "code", "param"}
    assert error["type"] == "invalid_request_error"
    assert told in error["message"]
    assert answer.headers["x-should-retry"] == "false"
    assert running.engine.events.conversations.list("program") == []


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"method": "GET", "url": "/v1/nowhere"}, 404),
        ({"method": "GET", "url": "/v1/chat/completions"}, 405),
        ({"method": "POST", "url": "/v1/chat/completions", "content": b"{"}, 400),
        ({"method": "POST", "url": "/v1/audio/speech", "content": b"x" * (2**20 + 10)}, 413),
        ({"method": "GET", "url": "/v1/models", "headers": {"Host": "evil.example"}}, 403),
        (
            {"method": "POST", "url": "/v1/embeddings", "headers": {"Origin": "http://e.eu"}},
            403,
        ),
    ],
)
def test_every_refusal_has_openais_shape(
    serve: Serve, request_: dict[str, Any], status: int
) -> None:
    running = serve()
    answer = httpx.request(**{**request_, "url": running.url + request_["url"]})
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "code", "param"}


def test_a_role_that_the_profile_lacks_is_not_found(serve: Serve) -> None:
    client = client_of(serve())
    for call in (
        lambda: client.audio.speech.create(model="tts-1", voice="alloy", input="你好"),
        lambda: client.audio.transcriptions.create(model="whisper-1", file=("a.wav", b"RIFF")),
        lambda: client.images.generate(prompt="桥"),
        lambda: client.images.edit(image=("a.png", b"x"), prompt="夜景"),
    ):
        with pytest.raises(openai.NotFoundError, match="换一个配置") as refused:
            call()
        assert "another profile" in refused.value.message


def cancelled(running: Running) -> bool:
    """Whether the only run of a program ends as stopped within a second."""
    (conversation,) = running.engine.events.conversations.list("program")
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        events = running.engine.events.replay(conversation_id=conversation.id)
        if events and events[-1].ends_run:
            return bool(events[-1].event["outcome"]["type"] == "cancelled")
        time.sleep(0.02)
    return False


def test_hanging_up_a_stream_stops_the_run(serve: Serve, gate: threading.Event) -> None:
    running = serve(gate)
    stream = client_of(running).chat.completions.create(
        model="duomo",
        messages=HELLO,
        stream=True,
    )
    while not next(stream).choices[0].delta.content:
        pass
    stream.close()
    assert cancelled(running)


def test_hanging_up_a_whole_answer_stops_the_run(serve: Serve, gate: threading.Event) -> None:
    running = serve(gate)
    with pytest.raises(openai.APITimeoutError):
        client_of(running).with_options(timeout=1.5).chat.completions.create(
            model="duomo",
            messages=HELLO,
        )
    assert cancelled(running)


def test_what_fails_in_a_stream_is_told_in_it(serve: Serve) -> None:
    client = client_of(serve(OutOfMemory("内存不够。", "Out of memory.")))
    with pytest.raises(openai.APIError, match="内存不够"):
        list(client.chat.completions.create(model="duomo", messages=HELLO, stream=True))


def test_instructions_come_after_the_system_prompt(serve: Serve) -> None:
    running = serve("好")
    messages: Any = [{"role": "system", "content": "只说一个字。"}, *HELLO]
    client_of(running).chat.completions.create(model="duomo", messages=messages)
    (system, asked) = running.model.seen[0]
    assert isinstance(system, SystemMessage)
    assert system.text.endswith("\n\n只说一个字。")
    assert asked.text == "你好"


@pytest.fixture
def careful(serve: Serve) -> OpenAI:
    """An engine that asks before it scores a picture."""
    call = ("score_image", '{"image": "img-1", "text": "红色"}')
    return client_of(serve(call, "像。", ask_before=("score_image",)))


def test_a_step_that_asks_first_needs_the_callers_word(careful: OpenAI) -> None:
    messages: Any = shown(data_url())
    with pytest.raises(openai.BadRequestError) as refused:
        careful.chat.completions.create(model="duomo", messages=messages)
    assert refused.value.code == "approval_needed"


def test_with_the_callers_word_it_goes_ahead(careful: OpenAI) -> None:
    answer = careful.chat.completions.create(
        model="duomo", messages=shown(data_url()), extra_body={"duomo": {"approve": True}}
    )
    assert answer.choices[0].message.content == "像。"
