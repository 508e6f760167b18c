"""Whatever calls a model writes, a turn ends with words and nothing runs on bad arguments."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.agent.conftest import MakeWorld, World
from tests.agent.test_runs import steps, words
from tools.checks import handle_fields
from tools.context import ToolContext
from tools.contract import Arguments, Tool, ToolOutput
from tools.handles import kind_of
from tools.registry import discover


def accept(arguments: Arguments, context: ToolContext) -> ToolOutput:
    """In place of the work, which is tested elsewhere: what comes here has to be sound."""
    for name, kind in handle_fields(type(arguments)).items():
        assert context.find(getattr(arguments, name), kind).kind == kind
    return ToolOutput("好了")


TOOLS: list[Tool] = [replace(tool, run=accept) for tool in discover().values()]
NAMES = sorted({name for tool in TOOLS for name in tool.arguments.model_fields})

texts = st.sampled_from(
    [
        "",
        " \n",
        "？！",
        "\ud83d",
        "拱桥",
        "img-1",
        "img-99",
        "和aud-1像的",
        "search_images",
        "长" * 3000,
    ]
) | st.text(max_size=12)
values: st.SearchStrategy[Any] = st.recursive(
    texts | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
arguments = st.dictionaries(st.sampled_from([*NAMES, "path"]), values, max_size=5).map(json.dumps)
names = st.sampled_from([tool.name for tool in TOOLS]) | st.text(min_size=1, max_size=8)
calls = st.lists(
    st.tuples(names, arguments | st.text(max_size=20)), min_size=1, max_size=3
)  # of one reply


@given(script=st.lists(calls, min_size=1, max_size=8))
@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # shrinking conversations takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_turn_ends_with_words_whatever_is_called(
    any_world: World, script: list[list[tuple[str, str]]], caplog: pytest.LogCaptureFixture
) -> None:
    any_world.model.replies[:] = [*script, *["好"] * 8]
    events = any_world.told(any_world.ask("做", files=[any_world.upload()]))
    assert events[-1]["type"] == "RUN_FINISHED"
    assert events[-1]["outcome"]["type"] == "success"
    assert words(events).strip()
    assert all(step["state"] in ("done", "failed") for step in steps(events))
    assert not caplog.records  # no step met anything unexpected


@pytest.fixture
def any_world(make_world: MakeWorld) -> World:
    return make_world(tools=TOOLS)


def test_handles_are_the_only_names_of_files() -> None:
    taken = {name for tool in TOOLS for name in handle_fields(tool.arguments)}
    assert taken == {"image", "audio"}
    assert kind_of("img-1") == "image"
