"""The starter language model asks for the right tool: the real weights, end to end, on this CPU."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from PIL import Image

import models
from agent.build import restore_memory
from agent.events import StoredEvent
from duomo.engine import Engine
from duomo.settings import load_settings
from tests.agent.test_runs import steps, words
from tests.fixtures.sounds import encoded
from tests.fixtures.voices import RATE, hum
from tools import replies
from tools.artifacts import Lineage

STARTER = Path(models.__file__).parent / "starter"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    if not all(any((STARTER / role).glob("*.safetensors")) for role in ("llm", "clip")):
        pytest.skip("this checkout has no starter weights")
    home = tmp_path_factory.mktemp("home")
    settings = load_settings(home=home, profile="starter", device="cpu", port=0)
    with Engine(settings) as started:
        assert started.warmup.wait(100)
        started.indexing.wait(60)  # the first run indexes the gallery
        yield started


def ask(engine: Engine, text: str, conversation: str) -> list[StoredEvent]:
    run_id = engine.runs.start(conversation, text)
    return list(engine.events.follow(run_id))


def test_pictures_are_searched_for_and_found(engine: Engine) -> None:
    conversation = engine.events.conversations.create().id
    stored = ask(engine, "帮我找几张有拱桥的图", conversation)
    events = [s.event for s in stored]
    called = [e["toolCallName"] for e in events if e["type"] == "TOOL_CALL_START"]
    assert called == ["search_images"]
    (step,) = steps(events)
    assert step["state"] == "done"
    assert step["artifacts"][0]["handle"] == "img-1"
    assert words(events)
    assert events[-1]["type"] == "RUN_FINISHED"


def test_a_guess_gives_way_to_what_there_is_to_ask_for(engine: Engine) -> None:
    """It answered 这个我没有主见，听你的。"""
    conversation = engine.events.conversations.create().id
    answer = words([s.event for s in ask(engine, "你能做什么？", conversation)])
    assert "搜索图片" in answer
    known = words([s.event for s in ask(engine, "李白是哪个朝代的", conversation)])
    assert "唐代" in known


@pytest.mark.parametrize("name", ["雾凇", "擂茶"])
def test_rare_characters_are_copied_as_they_were_written(engine: Engine, name: str) -> None:
    """Without `models.decoding.copying` it looked for 雾缭 and for 髂茶."""
    conversation = engine.events.conversations.create().id
    events = [s.event for s in ask(engine, f"搜一下：{name}", conversation)]
    arguments = [e["delta"] for e in events if e["type"] == "TOOL_CALL_ARGS"]
    assert json.loads("".join(arguments))["query"] == name


@pytest.mark.parametrize("question", ["把这段录音转成文字", "这段录音说了什么？", "转写这段语音"])
def test_what_the_profile_can_do_is_done_whatever_it_lacks(engine: Engine, question: str) -> None:
    """Its prompt once held the offered tools alone: it then took most of them for missing."""
    conversation = engine.events.conversations.create().id
    file = encoded("wav", hum(1.0), RATE)
    sound = engine.artifacts.put(file, name="话.wav", lineage=Lineage(source="upload"))
    run_id = engine.runs.start(conversation, question, [sound.sha256])
    events = [s.event for s in engine.events.follow(run_id)]
    called = [e["toolCallName"] for e in events if e["type"] == "TOOL_CALL_START"]
    assert called == ["transcribe_audio"]


@pytest.mark.parametrize("gradient", [Image.linear_gradient, Image.radial_gradient])
def test_a_picture_that_is_asked_about_is_not_changed(
    engine: Engine, gradient: Callable[[str], Image.Image]
) -> None:
    """What it had read off pictures that are nothing it knows, it did to them."""
    conversation = engine.events.conversations.create().id
    file = io.BytesIO()
    gradient("L").save(file, "PNG")
    picture = engine.artifacts.put(file.getvalue(), name="灰.png", lineage=Lineage(source="upload"))
    run_id = engine.runs.start(conversation, "这张图里有什么？", [picture.sha256])
    events = [s.event for s in engine.events.follow(run_id)]
    called = [e["toolCallName"] for e in events if e["type"] == "TOOL_CALL_START"]
    assert called == ["ask_image"]
    assert words(events)


def test_what_the_profile_lacks_ends_the_turn_with_the_way_out(engine: Engine) -> None:
    if "generate_image" in engine.tools:
        pytest.skip("the starter profile draws")
    conversation = engine.events.conversations.create().id
    events = [s.event for s in ask(engine, "画一张春天的塔，然后读出来", conversation)]
    (step,) = steps(events)
    assert (step["state"], step["error"]["code"]) == ("failed", "tool_absent")
    assert words(events) == step["error"]["zh"]
    assert "模型与显存" in words(events)


def test_the_answer_about_a_picture_is_what_the_tool_said(engine: Engine) -> None:
    """The starter repeated it with slips: 背天 for 秋天."""
    conversation = engine.events.conversations.create().id
    ask(engine, "帮我找几张有拱桥的图", conversation)
    events = [s.event for s in ask(engine, "第二张是什么季节？", conversation)]
    (step,) = steps(events)
    assert words(events) == step["details"]["answer"]


def test_a_greeting_calls_nothing(engine: Engine) -> None:
    conversation = engine.events.conversations.create().id
    events = [s.event for s in ask(engine, "你好呀", conversation)]
    assert not [e for e in events if e["type"] == "TOOL_CALL_START"]
    assert words(events)


def canned(n: int) -> list[BaseMessage]:
    """Turn `n` as a search leaves it: four more pictures."""
    handles = [f"img-{4 * n - 3 + i}" for i in range(4)]
    call = {"name": "search_images", "args": {"query": "山"}, "id": f"call-{n}"}
    result = replies.found_images(handles)
    return [
        HumanMessage("帮我找几张有山的图", id=f"asked-{n}"),
        AIMessage("", tool_calls=[call], id=f"called-{n}"),
        ToolMessage(result, tool_call_id=f"call-{n}", name="search_images", id=f"result-{n}"),
        AIMessage(f"找到4张图，{handles[0]} 到 {handles[-1]}，都在上面了。", id=f"answer-{n}"),
    ]


def test_turn_sixty_still_gets_the_first_picture_by_its_name(engine: Engine) -> None:
    conversation = engine.events.conversations.create().id
    ask(engine, "帮我找几张有拱桥的图", conversation)
    turns = [message for n in range(2, 53) for message in canned(n)]
    restore_memory(engine._agent(), conversation, turns)
    with engine.residency.lease("llm") as llm:
        context = llm.context_tokens
    chat = [ask(engine, "谢谢", conversation) for _ in range(7)]
    for question in ("读一下img-1上面的字", "读一下最早那张上面的字"):
        last = ask(engine, question, conversation)
        (read,) = steps([s.event for s in last])
        called = "".join(s.event["delta"] for s in last if s.event["type"] == "TOOL_CALL_ARGS")
        assert called == '{"image": "img-1"}'
        assert read["state"] == "done"
        chat.append(last)
    usage = [told[-1].event["usage"][0] for told in chat]
    assert all(u["inputTokens"] <= 2 * context for u in usage)  # at most two calls a turn
    reused = [u["cachedInputTokens"] > u["inputTokens"] / 2 for u in usage]
    assert sum(reused) >= 6
