"""Answers are recalled where nothing changed, and only there; a damaged file costs nothing."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tools.conftest import attach, png
from tools.answer_cache import AnswerCache
from tools.context import Activity, ToolContext
from tools.contract import ToolOutput
from tools.recall import Recall, same_question
from tools.registry import discover

TOOLS = discover()


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[AnswerCache]:
    opened = AnswerCache(tmp_path / "answers.db", 100_000)
    yield opened
    opened.close()


def score(context: ToolContext, cache: AnswerCache, text: str = "红色", **more: bool) -> ToolOutput:
    handle = attach(context, png())
    call = replace(context, recall=Recall(cache, **more))
    return TOOLS["score_image"].invoke({"image": handle, "text": text}, call)


def is_cached(output: ToolOutput) -> bool:
    return output.details.get("cached") is True


def test_the_second_time_nothing_is_leased_and_the_handle_is_its_own(
    context: ToolContext, cache: AnswerCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = score(context, cache)
    monkeypatch.setattr(type(context), "lease", None)
    second = score(context, cache)
    assert not is_cached(first)
    assert is_cached(second)
    assert second.details["cosine"] == first.details["cosine"]
    assert second.text == first.text.replace("img-1", "img-2")


def test_other_words_other_weights_and_a_wish_for_it_anew_are_worked_out(
    context: ToolContext, cache: AnswerCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    score(context, cache)
    assert not is_cached(score(context, cache, "蓝色"))
    assert not is_cached(score(context, cache, fresh=True))
    monkeypatch.setattr(type(context.residency), "weights", lambda *_: "other")
    assert not is_cached(score(context, cache))


def test_the_text_of_a_picture_is_read_once(
    context: ToolContext, cache: AnswerCache, shown: list[Activity]
) -> None:
    handle = attach(context, png("white", (200, 60)))
    call = replace(context, recall=Recall(cache))
    first = TOOLS["read_text"].invoke({"image": handle}, call)
    shown.clear()
    second = TOOLS["read_text"].invoke({"image": handle}, replace(call, recall=Recall(cache)))
    assert (is_cached(first), is_cached(second)) == (False, True)
    assert second.text == first.text
    assert all(activity.state == "running" and not activity.note for activity in shown)


def test_it_survives_a_restart_but_not_another_version(tmp_path: Path) -> None:
    assert recalled(tmp_path, "1", 10) == 10
    assert recalled(tmp_path, "1", 20) == 10
    assert recalled(tmp_path, "2", 30) == 30


def recalled(folder: Path, version: str, computed: int) -> int:
    kept = AnswerCache(folder / "a.db", 1000, version)
    value = Recall(kept)("t", {}, {}, lambda: computed, lambda _: True)
    kept.close()
    return value


def test_the_longest_unused_goes_first(tmp_path: Path) -> None:
    kept = AnswerCache(tmp_path / "a.db", 300)
    for number in range(20):
        kept.put(f"k{number}", "x" * 20)
        kept.get("k0")
    assert kept.get("k0") == "x" * 20
    assert kept.get("k1") is None
    assert kept.stats().bytes <= 300
    kept.put("huge", "x" * 200)
    assert kept.get("huge") is None
    assert kept.clear().entries > 0
    assert kept.stats().entries == 0
    kept.close()


def test_a_damaged_file_is_dropped_with_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"no database" * 1000)
    kept = AnswerCache(path, 1000)
    kept.put("k", 1)
    assert kept.get("k") == 1
    assert "dropped" in caplog.text
    other = sqlite3.connect(path)
    with other:
        other.execute("UPDATE answers SET value = '2'")
    other.close()
    assert kept.get("k") is None  # not what was stored
    kept.put("k", 3)
    assert kept.get("k") == 3
    kept.close()


def test_a_file_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    kept = AnswerCache(tmp_path, 1000)  # a folder
    kept.put("k", 1)
    assert kept.get("k") == 1
    kept.close()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("图里有几个人？", "图里有几个人"),
        ("请问，图里有几个人", "图里有几个人"),
        ("麻烦你数一下人 ", "数一下人！"),
        ("ＡＢＣ　是什么", "ABC 是什么"),
    ],
)
def test_what_changes_nothing_is_left_out_of_the_key(one: str, other: str) -> None:
    assert same_question(one) == same_question(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("请柬上写了什么", "柬上写了什么"),
        ("请假条", "假条"),
        ("帮我拍的照片", "拍的照片"),
        ("有字母A吗", "有字母a吗"),
        ("2²等于几", "22等于几"),
        ("有人吗", "没有人吗"),
    ],
)
def test_what_may_change_the_meaning_stays(one: str, other: str) -> None:
    assert same_question(one) != same_question(other)
