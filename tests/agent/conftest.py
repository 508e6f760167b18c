"""A whole agent on a temporary directory: real log, artifacts, memory and tools; scripted words."""

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from PIL import Image
from pydantic import Field
from transformers import PreTrainedTokenizerFast

from agent.approval import NEVER, Approvals, AskFirst
from agent.build import build_agent, open_memory
from agent.events import EventLog
from agent.middleware import Limits
from agent.rerun import Reruns
from agent.runs import Runs
from agent.tooling import Workshop, as_langchain
from models.catalog import Catalog, Checkpoint, Note, Profile
from models.errors import ToolFailed
from models.residency import Residency
from tests.agent.scripted import ScriptedModel
from tests.fixtures.tiny import write_llm, write_tokenizer
from tools.artifacts import ArtifactStore, Lineage
from tools.context import ToolContext
from tools.contract import Arguments, ImageHandle, Tool, ToolOutput, tool
from tools.registry import collect


class Colour(Arguments):
    colour: str = Field(description="颜色")
    count: int = Field(default=1, ge=1, le=4)


class Picture(Arguments):
    image: ImageHandle


class Nothing(Arguments):
    pass


@tool(title_zh="涂色", title_en="Paint", icon="palette")
def paint(arguments: Colour, context: ToolContext) -> ToolOutput:
    """画一块颜色。"""
    context.progress(0.5, "画到一半")
    handles = tuple(
        context.keep(png(arguments.colour, 8 + i), kind="image", name="色块.png")
        for i in range(arguments.count)
    )
    return ToolOutput(f"画好了：{'、'.join(handles)}", handles, {"colour": arguments.colour})


@tool(title_zh="看图", title_en="Look", icon="visibility")
def look(arguments: Picture, context: ToolContext) -> ToolOutput:
    """看一张图。"""
    artifact, _ = context.image(arguments.image)
    return ToolOutput(f"{arguments.image}宽{artifact.width}像素")


@tool(title_zh="坏的", title_en="Broken", icon="error")
def broken(arguments: Nothing, context: ToolContext) -> ToolOutput:
    """一个有缺陷的工具。"""
    raise ZeroDivisionError("secret path /home/someone")


@tool(title_zh="不行", title_en="Failing", icon="error")
def failing(arguments: Nothing, context: ToolContext) -> ToolOutput:
    """一个做不到的工具。"""
    raise ToolFailed("这里做不到。", "Cannot be done here.")


@tool(title_zh="等", title_en="Wait", icon="hourglass")
def linger(arguments: Nothing, context: ToolContext) -> ToolOutput:
    """一直等到被停止。"""
    context.progress(None, "在等")
    while not context.cancel.wait(0.01):
        pass
    context.check_cancelled()
    return ToolOutput("不该到这里")


def png(colour: str, side: int = 8) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(data, "PNG")
    return data.getvalue()


@dataclass
class World:
    events: EventLog
    artifacts: ArtifactStore
    runs: Runs
    approvals: Approvals
    reruns: Reruns
    model: ScriptedModel
    home: Path

    def conversation(self) -> str:
        return self.events.conversations.create().id

    def upload(self, colour: str = "red") -> str:
        lineage = Lineage(source="upload")
        return self.artifacts.put(png(colour), name="上传.png", lineage=lineage).sha256

    def ask(self, text: str, conversation: str | None = None, files: Sequence[str] = ()) -> str:
        return self.runs.start(conversation or self.conversation(), text, files)

    def told(self, run_id: str) -> list[dict[str, Any]]:
        """All events of a run, to its end."""
        return [stored.event for stored in self.events.follow(run_id)]


MakeWorld = Callable[..., World]


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[MakeWorld]:
    opened: list[World] = []

    def make(
        *replies: Any,
        limits: Limits | None = None,
        tools: Sequence[Tool] = (paint, look, broken, failing, linger),
        model: type[ScriptedModel] = ScriptedModel,
        workers: int = 4,
        ask_first: AskFirst = NEVER,
    ) -> World:
        events = EventLog(tmp_path / "events.db")
        artifacts = ArtifactStore(tmp_path / "artifacts")
        scripted = model(replies=list(replies))
        workshop = Workshop(artifacts, cast(Any, None), cast(Any, None))
        memory = open_memory(tmp_path / "memory.db")
        contracts = collect(tools)
        agent = build_agent(
            scripted,
            as_langchain(tools, workshop),
            memory,
            limits,
            ask_first=ask_first,
            contracts=contracts,
        )
        runs = Runs(events, artifacts, lambda: agent, workers=workers)
        world = World(
            events,
            artifacts,
            runs,
            Approvals(runs, events, contracts),
            Reruns(runs, events, contracts, lambda: workshop),
            scripted,
            tmp_path,
        )
        opened.append(world)
        return world

    yield make
    for world in opened:
        world.runs.close()
        world.events.close()
        world.artifacts.close()


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerFast:
    return write_tokenizer(tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture(scope="session")
def llm_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a tiny Qwen3 of random weights."""
    home = tmp_path_factory.mktemp("home")
    write_llm(home / "checkpoints" / "tiny-llm", max_position_embeddings=4096)
    return home


@pytest.fixture
def residency(llm_home: Path) -> Iterator[Residency]:
    opened = open_residency(llm_home, context_tokens=4096)
    yield opened
    opened.close()


@pytest.fixture
def short_residency(llm_home: Path) -> Iterator[Residency]:
    """The same model with a context of 512 tokens."""
    opened = open_residency(llm_home, context_tokens=512)
    yield opened
    opened.close()


def open_residency(home: Path, context_tokens: int) -> Residency:
    entry = Checkpoint(
        name="tiny-llm",
        role="llm",
        loader="models.roles.llm:LanguageModel",
        dtype="float32",
        licence="Apache-2.0",
        languages=("zh",),
        defaults={"context_tokens": context_tokens},
    )
    note = Note(zh="测试", en="test")
    profile = Profile(name="tiny", budget_bytes=2**30, roles={"llm": "tiny-llm"}, note=note)
    return Residency(
        Catalog([entry]),
        profile,
        device=torch.device("cpu"),
        budget_bytes=2**30,
        data_dir=home,
    )


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()
