"""The engine as a library: ask, search, carry on, and share the device."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import duomo
from duomo.engine import Engine
from duomo.settings import Settings
from models.errors import (
    ApprovalNeeded,
    Cancelled,
    CheckpointBusy,
    EngineUnavailable,
    InvalidRequest,
    NotFound,
    UnreadableMedia,
)
from retrieval.library import Library
from tests.duomo.conftest import COLOURS, MakeEngine
from tests.fixtures.home import CATALOG, picture


def index(engine: Engine, folder: Path) -> None:
    engine.warmup.wait()
    engine.indexing.start([folder])
    engine.indexing.wait()


def test_an_answer_carries_words_steps_and_files(make_engine: MakeEngine, folder: Path) -> None:
    engine = make_engine(("search_images", '{"query": "红色", "top_k": 2}'), "找到两张。")
    index(engine, folder)
    answer = engine.ask("找红色的图")
    (step,) = answer.steps
    assert answer.text == "找到两张。"
    assert (step.tool, step.state, len(step.artifacts)) == ("search_images", "done", 2)
    assert answer.artifacts[0].read_bytes() in {picture(colour) for colour in COLOURS}


def test_a_conversation_goes_on_with_its_handles(make_engine: MakeEngine, folder: Path) -> None:
    engine = make_engine("好的。", ("score_image", '{"image": "img-1", "text": "红"}'), "红的。")
    first = engine.ask("记住这张图", [folder / "red.png"])
    second = engine.ask("它红吗", conversation_id=first.conversation_id)
    assert second.conversation_id == first.conversation_id
    assert second.steps[0].state == "done"


def test_a_question_that_searches_nothing_does_not_wait_for_the_library(
    make_engine: MakeEngine,
    folder: Path,
    gate: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Slow(Library):
        def __init__(self, *told: Any) -> None:
            gate.wait()
            super().__init__(*told)

    monkeypatch.setattr("duomo.engine.Library", Slow)
    engine = make_engine("你好。", ("search_images", '{"query": "红色"}'), "没有图。")
    assert engine.ask("你好").text == "你好。"
    assert engine.warmup.loading() == ("library",)
    threading.Timer(0.2, gate.set).start()
    assert engine.ask("找红色的图").steps[0].tool == "search_images"
    engine.warmup.wait()
    assert engine.warmup.loading() == ()


def test_a_search_right_after_the_first_start_finds_the_sample_pictures(
    make_engine: MakeEngine, folder: Path
) -> None:
    names = [{"file": path.name, "caption": "一张图"} for path in sorted(folder.glob("*.png"))]
    (folder / "index.json").write_text(json.dumps(names))
    engine = make_engine(
        ("search_images", '{"query": "红色", "top_k": 2}'), "两张。", gallery=folder
    )
    (step,) = engine.ask("找红色的图").steps
    assert (step.state, len(step.artifacts)) == ("done", 2)


def test_a_run_that_is_stopped_raises(make_engine: MakeEngine, gate: threading.Event) -> None:
    engine = make_engine(gate)

    def stop_first(stored: object) -> None:
        for run in engine.events.runs.unfinished():
            threading.Thread(target=engine.runs.cancel, args=(run.id,)).start()

    engine.events.subscribe(stop_first)
    with pytest.raises(Cancelled):
        engine.ask("写长诗")


def test_a_step_that_asks_first_goes_ahead_only_where_that_was_said(
    make_engine: MakeEngine, folder: Path
) -> None:
    score = ("score_image", '{"image": "img-1", "text": "红"}')
    engine = make_engine(score, score, "红的。", ask_before=("score_image",))
    with pytest.raises(ApprovalNeeded):
        engine.ask("它红吗", [folder / "red.png"])
    assert engine.events.runs.unfinished() == []
    answer = engine.ask("它红吗", [folder / "red.png"], approve=True)
    assert (answer.text, answer.steps[0].state) == ("红的。", "done")


def test_a_broken_attachment_is_refused_before_the_run(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    engine = make_engine("好")
    (tmp_path / "broken.png").write_bytes(b"nothing")
    with pytest.raises(UnreadableMedia):
        engine.ask("看", [tmp_path / "broken.png"])
    assert engine.events.conversations.list() == []


def test_search_finds_what_was_indexed(make_engine: MakeEngine, folder: Path) -> None:
    engine = make_engine()
    index(engine, folder)
    assert len(engine.search("随便什么", top_k=4)) == 4


def test_a_question_does_not_wait_for_a_long_indexing_job(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(400):
        shade = f"#{number:06x}"
        (many / f"{number}.png").write_bytes(picture(shade, (8, 8)))
    engine = make_engine()
    index_done = threading.Event()
    engine.warmup.wait()
    engine.indexing.start([many])
    threading.Thread(target=lambda: (engine.indexing.wait(), index_done.set())).start()
    while engine.indexing.job().progress.indexed == 0:  # type: ignore[union-attr]
        time.sleep(0.005)
    engine.search("一座桥", top_k=1)
    assert not index_done.is_set()
    engine.indexing.cancel()


def test_tools_are_those_whose_roles_the_profile_has(make_engine: MakeEngine) -> None:
    tools = make_engine().tools
    assert {"search_images", "find_similar_images", "score_image"} <= set(tools)
    assert not {"read_text", "speak"} & set(tools)


def test_one_engine_per_data_directory(make_engine: MakeEngine, settings: Settings) -> None:
    make_engine()
    with pytest.raises(EngineUnavailable, match=str(settings.home)):
        Engine(settings)


def test_an_unknown_profile_names_the_known_ones(settings: Settings) -> None:
    with pytest.raises(InvalidRequest, match="starter"):
        Engine(settings.model_copy(update={"profile": "huge"}))
    with Engine(settings):  # the failed one let go of the directory
        pass


def test_a_job_that_a_crash_cut_short_is_taken_up(make_engine: MakeEngine, folder: Path) -> None:
    engine = make_engine()
    (engine.settings.home / "indexing.json").write_text(f'["{folder}", "/gone"]')
    engine = make_engine()
    engine.warmup.wait()
    engine.indexing.wait()
    assert engine.library.stats().pictures == len(COLOURS)
    assert not (engine.settings.home / "indexing.json").exists()


def test_the_gallery_is_indexed_on_a_first_run_only(make_engine: MakeEngine, folder: Path) -> None:
    (folder / "index.json").write_text('[{"file": "red.png", "caption": "红"}]', encoding="utf-8")
    engine = make_engine(gallery=folder)
    engine.warmup.wait()
    engine.indexing.wait()
    assert engine.library.stats().pictures == len(COLOURS)
    again = make_engine(gallery=folder)
    again.warmup.wait()
    again.indexing.wait()
    job = again.indexing.job()
    assert job is not None
    assert (job.progress.skipped, job.progress.indexed) == (len(COLOURS), 0)


def test_a_gallery_request_never_leaves_its_folder(make_engine: MakeEngine, folder: Path) -> None:
    (folder / "index.json").write_text('[{"file": "../x.png", "caption": "红"}]', encoding="utf-8")
    gallery = make_engine(gallery=folder).gallery
    for name in ("../x.png", "green.png", "index.json"):
        with pytest.raises(NotFound):
            gallery.path(name)


def test_the_package_offers_its_names_lazily() -> None:
    assert duomo.Engine is Engine
    assert duomo.__version__
    with pytest.raises(AttributeError):
        duomo.Nothing  # noqa: B018


def test_files_are_not_removed_while_any_entry_that_uses_them_is_in_memory(
    make_engine: MakeEngine, settings: Settings
) -> None:
    twin = CATALOG.replace("tiny-clip", "twin") + '\nfiles_of = "tiny-clip"\n'
    (settings.home / "catalog" / "twin.toml").write_text(twin)
    engine = make_engine()
    with engine.residency.lease("clip"):
        pass
    for name in ("tiny-clip", "twin"):
        with pytest.raises(CheckpointBusy):
            engine.remove_checkpoint(name)
    assert (settings.home / "checkpoints" / "tiny-clip").is_dir()
