"""What came of a step, drawn on a page of its own; pictures come from a real engine."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from api.artifact_schemas import ArtifactView
from api.client import Step
from tests.api.conftest import Running, Serve
from tests.fixtures.home import picture

SECONDS = 20.0


pytestmark = pytest.mark.usefixtures("nothing_cached")


@pytest.fixture
def running(engine: Serve) -> Running:
    return engine()


def stored(running: Running, colour: str, handle: str, **more: Any) -> ArtifactView:
    info = running.client.upload(picture(colour), f"{colour}.png")
    return ArtifactView(**{**info.model_dump(), "handle": handle, **more})


def shown(step: Step, *known: ArtifactView, said: str = "") -> AppTest:
    handles = {view.handle: view for view in known}
    page = AppTest.from_function(_page, args=(step, handles, said), default_timeout=SECONDS)
    page.run()
    assert not page.exception
    return page


def _page(step: object, known: object, said: object) -> None:
    from ui.web.components.results import show_result

    show_result(step, known, said)  # type: ignore[arg-type]


def captions(page: AppTest) -> list[str]:
    """As a person reads them."""
    return [image.proto.imgs[0].caption.replace("\\", "") for image in page.get("image")]


def lines(*texts: str) -> dict[str, Any]:
    return {
        "segments": [{"start": 7.4 * i, "end": 7.4 * i + 6, "text": t} for i, t in enumerate(texts)]
    }


def test_a_transcript_gives_every_sentence_after_its_time() -> None:
    page = shown(Step("t1", "transcribe_audio", "done", details=lines("你好", "请坐")))
    [text] = page.markdown
    assert text.value == ":gray[0:00]  你好  \n:gray[0:07]  请坐"


def test_a_long_transcript_is_folded_but_for_its_beginning() -> None:
    said = [f"第{number}句" for number in range(40)]
    page = shown(Step("t1", "transcribe_audio", "done", details=lines(*said)))
    [rest] = page.expander
    assert "34" in rest.label
    assert rest.markdown[0].value.endswith(":gray[4:48]  第39句")


def test_times_past_an_hour_are_written_with_hours() -> None:
    details = {"segments": [{"start": 3723.0, "end": 3725.0, "text": "完"}]}
    page = shown(Step("t1", "transcribe_audio", "done", details=details))
    assert page.markdown[0].value.startswith(":gray[1:02:03]")


def test_what_was_heard_takes_no_effect_as_markdown() -> None:
    page = shown(Step("t1", "transcribe_audio", "done", details=lines("![x](http://evil.example)")))
    assert "![" not in page.markdown[0].value


@pytest.mark.parametrize("segments", [None, "", [1, "a"], [{"start": "x"}], {"start": 1}])
def test_broken_segments_break_nothing(segments: object) -> None:
    shown(Step("t1", "transcribe_audio", "done", details={"segments": segments}))


def test_an_edited_picture_stands_beside_its_source(running: Running) -> None:
    source = stored(running, "red", "img-1")
    made = stored(running, "blue", "img-2", label=True)
    step = Step("t1", "edit_image", "done", '{"image": "img-1"}', artifacts=(made,))
    page = shown(step, source)
    assert captions(page) == ["img-1", "img-2 · AI 生成"]


def test_only_what_a_model_made_is_offered_for_download(running: Running) -> None:
    source = stored(running, "red", "img-1")
    made = stored(running, "blue", "img-2", label=True)
    page = shown(Step("t1", "edit_image", "done", '{"image": "img-1"}', artifacts=(made,)), source)
    [button] = page.get("download_button")
    assert button.proto.label == "下载"


def test_a_preview_is_shown_until_the_picture_takes_its_place(running: Running) -> None:
    half = stored(running, "grey", "")
    drawing = Step("t1", "generate_image", "running", preview=half.sha256)
    assert captions(shown(drawing)) == ["还在画……"]
    made = stored(running, "blue", "img-1", label=True)
    done = Step("t1", "generate_image", "done", preview=half.sha256, artifacts=(made,))
    assert captions(shown(done)) == ["img-1 · AI 生成"]


def test_what_was_stopped_shows_no_half_a_picture(running: Running) -> None:
    half = stored(running, "grey", "")
    for tool in ("generate_image", "edit_image"):
        stopped = Step("t1", tool, "cancelled", '{"image": "img-1"}', preview=half.sha256)
        assert captions(shown(stopped, stored(running, "red", "img-1"))) == []


def test_an_answer_stands_beside_the_picture_it_is_about(running: Running) -> None:
    source = stored(running, "red", "img-1")
    details = {"answer": "三只。*不是*四只"}
    page = shown(Step("t1", "ask_image", "done", '{"image": "img-1"}', details=details), source)
    assert captions(page) == ["img-1"]
    assert page.markdown[0].value == "三只。\\*不是\\*四只"


def test_what_the_answer_says_does_not_stand_beside_the_picture_too(running: Running) -> None:
    source = stored(running, "red", "img-1")
    step = Step("t1", "ask_image", "done", '{"image": "img-1"}', details={"answer": "三只。"})
    page = shown(step, source, said="图里有三只。")
    assert captions(page) == ["img-1"]
    assert not page.markdown
