"""The tool over a real residency and a tiny Qwen3-VL with random weights."""

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.catalog import Catalog, Checkpoint, Profile
from models.errors import Cancelled, ToolFailed, ToolRetry
from models.residency import Residency
from models.roles.familiarity import FAMILIAR, Familiarity
from models.roles.vlm import VisionLanguageModel
from tests.fixtures.tiny_vlm import write_vlm
from tests.tools.conftest import attach, png
from tools import registry
from tools.artifacts import ArtifactStore, Lineage
from tools.ask_image import DESCRIBE, UNSEEN, ask_image
from tools.context import Activity, ToolContext


@pytest.fixture(scope="module")
def seeing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Residency]:
    with closing(_seeing(tmp_path_factory.mktemp("seeing"))) as residency:
        yield residency


def _seeing(data: Path) -> Residency:
    write_vlm(data / "checkpoints" / "tiny-vlm")
    checkpoint = Checkpoint.model_validate(
        {
            "name": "tiny-vlm",
            "role": "vlm",
            "loader": "models.roles.vlm:VisionLanguageModel",
            "dtype": "float32",
            "licence": "Apache-2.0",
            "languages": ["zh"],
            "defaults": {"max_new_tokens": 40, "context_tokens": 1024},
        }
    )
    profile = Profile.model_validate(
        {
            "name": "tiny",
            "budget_bytes": 1 << 28,
            "roles": {"vlm": "tiny-vlm"},
            "note": {"zh": "测试", "en": "test"},
        }
    )
    return Residency(
        Catalog([checkpoint]),
        profile,
        device=torch.device("cpu"),
        budget_bytes=1 << 28,
        data_dir=data,
    )


@pytest.fixture
def context(store: ArtifactStore, seeing: Residency, shown: list[Activity]) -> ToolContext:
    return ToolContext(
        conversation_id="c1",
        run_id="r1",
        call_id="t1",
        cancel=threading.Event(),
        artifacts=store,
        residency=seeing,
        on_activity=shown.append,
    )


def test_the_answer_is_for_the_model_and_for_the_screen(context: ToolContext) -> None:
    image = attach(context, png())
    output = ask_image.invoke({"image": image, "question": "什么颜色？"}, context)
    assert output.text == f"回答：{output.details['answer']}"
    assert output.details["answer"]
    assert output.details["question"] == "什么颜色？"
    assert output.handles == ()


@pytest.mark.parametrize("raw", [{}, {"question": ""}, {"question": "  "}])
def test_without_a_question_the_picture_is_described(
    context: ToolContext, raw: dict[str, str]
) -> None:
    image = attach(context, png())
    output = ask_image.invoke({"image": image, **raw}, context)
    asked = ask_image.invoke({"image": image, "question": DESCRIBE}, context)
    assert output.text == asked.text
    assert output.details["question"] == DESCRIBE


def test_of_a_picture_of_another_kind_nothing_is_made_up(
    context: ToolContext, tmp_path: Path
) -> None:
    with closing(_seeing(tmp_path)) as seeing:
        nothing = Familiarity(torch.ones(1, 32), most=-1.0)
        nothing.save(tmp_path / "checkpoints" / "tiny-vlm" / FAMILIAR)
        context = replace(context, residency=seeing)
        output = ask_image.invoke({"image": attach(context, png()), "question": "几只？"}, context)
        assert output.details["answer"] == UNSEEN
        ours = Lineage(tool="generate_image")
        drawn = context.artifacts.put(png("blue"), name="画.png", lineage=ours)
        handle = context.artifacts.assign(context.conversation_id, drawn.sha256)
        output = ask_image.invoke({"image": handle, "question": "几只？"}, context)
        assert output.details["answer"] != UNSEEN


def test_stop_ends_it_in_the_middle_of_the_answer(context: ToolContext) -> None:
    image = attach(context, png())
    notes: list[str] = []

    def stop(activity: Activity) -> None:
        notes.append(activity.note)
        if activity.note not in ("", "正在看图"):
            context.cancel.set()

    object.__setattr__(context, "on_activity", stop)
    with pytest.raises(Cancelled):
        ask_image.invoke({"image": image, "question": "什么？"}, context)
    assert len(notes[-1]) < 40


@pytest.mark.parametrize(
    ("raw", "hint"),
    [
        ({"image": "img-9"}, "没有图片img-9，还没有图片。"),
        ({"image": "img-1", "question": "问" * 501}, "question不能超过500个字。"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_hint(
    context: ToolContext, raw: dict[str, str], hint: str
) -> None:
    with pytest.raises(ToolRetry) as caught:
        ask_image.invoke(raw, context)
    assert caught.value.zh == hint


def test_a_model_that_says_nothing_is_a_failure(
    context: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VisionLanguageModel, "answer", lambda *_, **__: "")
    with pytest.raises(ToolFailed, match="没有说出什么"):
        ask_image.invoke({"image": attach(context, png())}, context)


def test_its_signature_is_the_one_the_language_model_learned() -> None:
    schema = registry.schema(ask_image)["function"]
    assert schema["parameters"]["required"] == ["image"]
    assert list(schema["parameters"]["properties"]) == ["image", "question"]
    assert schema["parameters"]["properties"]["question"]["default"] == ""
