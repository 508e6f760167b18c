"""The starter language model asks for the right tool: the real weights, end to end, on this CPU."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import models
from agent.events import StoredEvent
from duomo.engine import Engine
from duomo.settings import load_settings
from tests.agent.test_runs import steps, words

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


def test_a_greeting_calls_nothing(engine: Engine) -> None:
    conversation = engine.events.conversations.create().id
    events = [s.event for s in ask(engine, "你好呀", conversation)]
    assert not [e for e in events if e["type"] == "TOOL_CALL_START"]
    assert words(events)
