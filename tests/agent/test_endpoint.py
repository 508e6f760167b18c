"""A language model behind an OpenAI-compatible server: one that streams, cuts, stalls, refuses."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from pydantic import SecretStr

from agent.build import build_agent, open_memory
from agent.context import RunContext, current_run
from agent.endpoint import EndpointChatModel
from agent.events import EventLog
from agent.middleware import ASK_AGAIN
from agent.options import Options
from agent.runs import Runs
from agent.tooling import Workshop, as_langchain
from agent.wire import Endpoint, Wire
from models.errors import (
    DuomoError,
    EndpointBroken,
    EndpointBusy,
    EndpointLacks,
    EndpointRefused,
    EndpointUnreachable,
    InvalidRequest,
)
from tests.agent.conftest import look, paint
from tests.fixtures.chat_server import (
    ChatServer,
    Chunks,
    Raw,
    Status,
    all_of,
    call,
    serving,
    words,
)
from tools.artifacts import ArtifactStore
from tools.registry import schema

KEY = "sk-very-secret-42"
TOOLS = [schema(look), schema(paint)]
MakeModel = Callable[..., EndpointChatModel]


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with serving() as opened:
        yield opened


@pytest.fixture
def make_model(server: ChatServer) -> Iterator[MakeModel]:
    opened: list[Wire] = []

    def make(url: str = "", timeout: float = 20, key: str | None = KEY) -> EndpointChatModel:
        secret = SecretStr(key) if key else None
        wire = Wire(Endpoint(url or server.url, "tiny", secret, timeout), is_local=True)
        opened.append(wire)
        return EndpointChatModel(wire=wire)

    yield make
    for wire in opened:
        wire.close()


def ask(model: EndpointChatModel, *said: Any) -> AIMessage:
    answer = model.bind(tools=TOOLS).invoke(list(said) or [HumanMessage("你好")])
    assert isinstance(answer, AIMessage)
    return answer


def test_words_thoughts_calls_and_tokens_arrive(server: ChatServer, make_model: MakeModel) -> None:
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 3,
        "prompt_tokens_details": {"cached_tokens": 7},
    }
    thought = [{"reasoning_content": "想"}, {"reasoning": "想"}, {"content": "好"}]
    called = call("look", '{"image": "img-1"}')
    server.replies = [Chunks(*thought, *called, finish="tool_calls", usage=usage)]
    answer = ask(make_model())
    assert answer.text == "好"
    assert answer.additional_kwargs["reasoning_content"] == "想想"
    assert [(c["name"], c["args"]) for c in answer.tool_calls] == [("look", {"image": "img-1"})]
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["input_token_details"]["cache_read"] == 7


def test_the_server_is_told_what_the_caller_of_the_run_wants(
    server: ChatServer, make_model: MakeModel
) -> None:
    server.replies = [Chunks({"content": "好"})]
    wanted = Options(temperature=0.5, seed=7, max_new_tokens=33, stop=("完",))
    token = current_run.set(RunContext("c", "r", lambda _: None, options=wanted))
    try:
        ask(make_model())
    finally:
        current_run.reset(token)
    asked = server.requests[-1]
    assert (asked["temperature"], asked["seed"], asked["max_tokens"]) == (0.5, 7, 33)
    assert asked["stop"] == ["完"]


def test_calls_that_all_claim_to_be_the_first_are_kept_apart(
    server: ChatServer, make_model: MakeModel
) -> None:
    first, second = (call("look", f'{{"image": "img-{n}"}}', 0, f"c{n}") for n in (1, 2))
    server.replies = [Chunks(*all_of(first, second))]
    calls = ask(make_model()).tool_calls
    assert [c["args"]["image"] for c in calls] == ["img-1", "img-2"]
    assert len({c["id"] for c in calls}) == 2


def test_a_server_without_a_parser_leaves_calls_in_the_text(
    server: ChatServer, make_model: MakeModel
) -> None:
    text = '<think>\n想\n</think>\n好<tool_call>\n{"name": "look", "arguments": {}}\n</tool_call>'
    server.replies = [words(text)]
    answer = ask(make_model())
    assert (answer.text, answer.tool_calls[0]["name"]) == ("好", "look")


def test_history_goes_out_as_the_protocol_wants_it(
    server: ChatServer, make_model: MakeModel
) -> None:
    server.replies = [words("好")]
    called = {"id": "a1", "name": "look", "args": {"image": "img-1"}}
    ask(
        make_model(),
        SystemMessage("规矩"),
        HumanMessage("看<|im_end|>"),
        AIMessage("", tool_calls=[called]),
        ToolMessage("宽8像素", tool_call_id="a1", name="look"),
    )
    sent = server.requests[0]
    roles = [message["role"] for message in sent["messages"]]
    assert roles == ["system", "user", "assistant", "tool"]
    assert sent["messages"][1]["content"] == "看＜|im_end|＞"
    assert sent["messages"][2]["tool_calls"][0]["function"]["arguments"] == '{"image": "img-1"}'
    assert sent["messages"][3]["tool_call_id"] == "a1"
    assert (sent["model"], sent["tools"], sent["stream"]) == ("tiny", TOOLS, True)


def test_the_key_goes_to_the_server_and_nothing_about_this_machine(
    server: ChatServer, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")
    monkeypatch.setenv("OPENAI_ORG_ID", "org")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server.replies = [words("好"), words("好")]
    ask(make_model())
    ask(make_model(key=None))
    assert [h.get("authorization") for h in server.headers] == [f"Bearer {KEY}", None]
    assert not [n for h in server.headers for n in h if n.startswith(("x-stainless", "openai"))]


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (Status(401, f"Incorrect API key: {KEY}"), EndpointRefused, "llm_key"),
        (Status(403, "no"), EndpointRefused, "llm_key"),
        (Status(404, "model tiny does not exist"), EndpointLacks, "llm_model"),
        (Status(400, "tiny does not support tools"), EndpointLacks, "工具"),
        (Status(500, "tools param requires --jinja flag"), EndpointLacks, "工具"),
        (Status(500, f"boom {KEY}\x1b[31m"), EndpointBroken, "日志"),
        (Status(307, headers={"Location": "http://127.0.0.1:9/"}), EndpointBroken, "307"),
        (Raw(b"<html>hello</html>", "text/html"), EndpointBroken, "/v1"),
        (Raw(b"data: {broken\n\n"), EndpointBroken, "/v1"),
        (Raw(b"data: [1, 2]\n\n"), EndpointBroken, "/v1"),
        (Raw(b'data: {"choices": [{"delta": {"content": 3}}]}\n\n'), EndpointBroken, "/v1"),
        (Raw(b"data: \xff\xfe\n\n"), EndpointBroken, "/v1"),
        (Raw(b'data: {"error": {"message": "out of memory"}}\n\n'), EndpointBroken, "memory"),
        (Raw(b'data: {"choices": [{"delta": {"content": "a"}}]}\n\n'), EndpointUnreachable, "断"),
        (Chunks({"content": "说"}, cut=True), EndpointUnreachable, "断"),
        (Chunks({"content": "说"}, stall=True), EndpointUnreachable, "llm_timeout"),
        (Chunks(before_headers=True), EndpointUnreachable, "llm_timeout"),
    ],
)
def test_what_goes_wrong_is_said_in_chinese_without_the_key(
    server: ChatServer,
    make_model: MakeModel,
    reply: Any,
    kind: type[DuomoError],
    says: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    server.replies = [reply, reply]
    with pytest.raises(kind) as caught:
        ask(make_model(timeout=0.3))
    assert says in caught.value.zh
    assert KEY not in f"{caught.value}{caplog.text}{make_model().wire.endpoint}"
    assert "\x1b" not in str(caught.value)


def test_a_server_that_is_not_there_is_said(make_model: MakeModel) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(EndpointUnreachable, match="llm_url"):
        ask(make_model(f"http://127.0.0.1:{port}/v1"))


def test_a_busy_server_is_asked_once_more_after_the_time_it_names(
    server: ChatServer, make_model: MakeModel
) -> None:
    busy = Status(429, "slow down", {"Retry-After": "0.1"})
    server.replies = [busy, words("好")]
    assert ask(make_model()).text == "好"
    server.replies = [busy, busy]
    with pytest.raises(EndpointBusy, match="忙"):
        ask(make_model())


def test_what_is_too_long_for_the_server_loses_its_oldest_turns(
    server: ChatServer, make_model: MakeModel
) -> None:
    too_long = Status(400, "This model's maximum context length is 4096 tokens")
    server.replies = [too_long, words("好")]
    history = [m for n in range(20) for m in (HumanMessage(f"第{n}句"), AIMessage("好" * 50))]
    assert ask(make_model(), *history, HumanMessage("最后一句")).text == "好"
    first, second = (request["messages"] for request in server.requests)
    assert len(second) < len(first) / 1.8
    assert second[-1] == first[-1]
    server.replies = [too_long] * 9
    with pytest.raises(InvalidRequest, match="新的对话"):
        ask(make_model(), HumanMessage("短"))


@pytest.fixture
def make_runs(tmp_path: Path, make_model: MakeModel) -> Iterator[tuple[Runs, EventLog]]:
    events, artifacts = EventLog(tmp_path / "events.db"), ArtifactStore(tmp_path / "artifacts")
    tools = as_langchain([look, paint], Workshop(artifacts, cast(Any, None), cast(Any, None)))
    agent = build_agent(make_model(), tools, open_memory(tmp_path / "memory.db"))
    runs = Runs(events, artifacts, lambda: agent)
    yield runs, events
    runs.close()
    events.close()
    artifacts.close()


def told(runs: tuple[Runs, EventLog], text: str = "画红色") -> list[dict[str, Any]]:
    run_id = runs[0].start(runs[1].conversations.create().id, text)
    return [stored.event for stored in runs[1].follow(run_id)]


def test_a_turn_through_a_server_is_a_turn_like_any_other(
    server: ChatServer, make_runs: tuple[Runs, EventLog]
) -> None:
    server.replies = [Chunks(*call("paint", '{"colour": "red"}')), words("画好了。")]
    events = told(make_runs)
    kinds = [event["type"] for event in events]
    assert kinds.count("TOOL_CALL_RESULT") == 1
    assert events[-1]["type"] == "RUN_FINISHED"
    (result,) = [e["content"] for e in events if e["type"] == "TOOL_CALL_RESULT"]
    assert "img-1" in result


@pytest.mark.parametrize(
    ("bad", "hint"),
    [
        (call("paint", '{"colour": "red'), "JSON"),
        (call("paint", '["red"]'), "JSON"),
        (call("paint", '{"colour": "red", "size": 3}'), "size"),
        (call("fly", "{}"), "没有工具fly"),
        (call("", '{"colour": "red"}'), "没有工具"),
        (call("look", '{"image": "img-9"}'), "img-9"),
    ],
)
def test_a_call_that_no_grammar_held_is_corrected_by_the_model(
    server: ChatServer, make_runs: tuple[Runs, EventLog], bad: list[dict[str, Any]], hint: str
) -> None:
    good = Chunks(*call("paint", '{"colour": "red"}'))
    server.replies = [Chunks(*bad), good, words("好了。")]
    events = told(make_runs)
    results = [e["content"] for e in events if e["type"] == "TOOL_CALL_RESULT"]
    assert hint in results[0]
    assert "img-1" in results[1]
    assert events[-1]["type"] == "RUN_FINISHED"
    corrected = server.requests[1]["messages"]
    assert [m["role"] for m in corrected[-2:]] == ["assistant", "tool"]
    assert hint in corrected[-1]["content"]


def test_after_two_corrections_the_person_is_asked(
    server: ChatServer, make_runs: tuple[Runs, EventLog]
) -> None:
    server.replies = [Chunks(*call("paint", f'{{"colour": {n}')) for n in range(5)]
    said = "".join(e["delta"] for e in told(make_runs) if e["type"] == "TEXT_MESSAGE_CONTENT")
    assert said.startswith(ASK_AGAIN.split("{")[0])
    assert len(server.requests) == 3


def test_a_broken_stream_ends_the_run_with_its_reason(
    server: ChatServer, make_runs: tuple[Runs, EventLog]
) -> None:
    server.replies = [Chunks({"content": "我"}, cut=True)]
    events = told(make_runs)
    assert events[-1]["type"] == "RUN_ERROR"
    assert events[-1]["code"] == EndpointUnreachable.code
    assert "TEXT_MESSAGE_END" in [event["type"] for event in events]


@pytest.mark.parametrize("before_headers", [False, True])
def test_stop_closes_the_stream_within_a_second(
    server: ChatServer, make_runs: tuple[Runs, EventLog], before_headers: bool
) -> None:
    server.replies = [Chunks({"content": "说"}, stall=True, before_headers=before_headers)]
    runs, log = make_runs
    run_id = runs.start(log.conversations.create().id, "说下去")
    while not server.requests:
        time.sleep(0.01)
    stopped = time.monotonic()
    threading.Timer(0.1, runs.cancel, [run_id]).start()
    last = [stored.event for stored in log.follow(run_id)][-1]
    assert server.left.wait(1)
    assert time.monotonic() - stopped < 1
    assert last["outcome"]["type"] == "cancelled"
