"""An engine without HTTP: tiny CLIP weights, real tools, scripted words."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from duomo.engine import Engine
from duomo.samples import Gallery
from duomo.settings import Settings
from tests.agent.scripted import ScriptedModel
from tests.fixtures.home import clip_weights, picture, settings

__all__ = ["clip_weights", "settings"]

COLOURS = ("red", "green", "blue", "white", "black", "yellow")
MakeEngine = Callable[..., Engine]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "图片"
    folder.mkdir()
    for colour in COLOURS:
        (folder / f"{colour}.png").write_bytes(picture(colour))
    return folder


@pytest.fixture
def make_engine(settings: Settings, tmp_path: Path) -> Iterator[MakeEngine]:
    """Started engines whose language model says `replies`, one after another."""
    opened: list[Engine] = []

    def make(*replies: Any, gallery: Path = tmp_path / "no-gallery", **changes: Any) -> Engine:
        for engine in opened:
            engine.close()
        opened.clear()
        model = ScriptedModel(replies=list(replies))
        chosen = settings.model_copy(update=changes)
        opened.append(Engine(chosen, chat_model=model, gallery=Gallery(gallery)))
        opened[0].start()
        return opened[0]

    yield make
    for engine in opened:
        engine.close()


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()
