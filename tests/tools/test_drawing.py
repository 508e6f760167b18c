"""`generate_image` and `edit_image` over tiny pipelines of the real class."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from models.catalog import Catalog, Checkpoint, Profile
from models.denoising.defaults import DrawingDefaults
from models.errors import Cancelled, NotFound, ToolFailed, ToolRetry
from models.residency import Residency
from tests.fixtures import tiny_drawing
from tests.tools.conftest import attach
from tools import drawing
from tools.artifacts import ArtifactStore
from tools.context import Activity, ToolContext
from tools.drawing import draw_or_again, is_blank
from tools.drawing_styles import STYLES
from tools.edit_image import edit_image
from tools.generate_image import _doubts, generate_image
from tools.labels import read_label
from training.world.kinds import KINDS

DEFAULTS = {
    "steps": 4,
    "guidance": 1.0,
    "size": 64,
    "max_pixels": 96 * 96,
    "max_sequence_length": 24,
    "text_encoder_out_layers": [1, 2],
    "styles": ["水墨", "油画"],
}
ROLES = {"t2i": "ImageGenerator", "edit": "ImageEditor"}


def checkpoint(role: str, name: str, **fields: object) -> Checkpoint:
    given = {"defaults": DEFAULTS, "licence": "Apache-2.0", "languages": ["zh"], **fields}
    loader = f"models.roles.{role}:{ROLES[role]}"
    return Checkpoint.model_validate({"name": name, "role": role, "loader": loader, **given})


def residency_of(data: Path, **names: str) -> Residency:
    catalog = Catalog(
        checkpoint(role, name, dtype="float32", revision=f"{name}-1")
        for role, name in names.items()
    )
    profile = Profile.model_validate(
        {"name": "t", "budget_bytes": 1, "roles": names, "note": {"zh": "测试", "en": "test"}}
    )
    cpu = torch.device("cpu")
    return Residency(catalog, profile, device=cpu, budget_bytes=1 << 30, data_dir=data)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    for name, seed in (("draws", 0), ("edits", 1), ("blank", 2)):
        tiny_drawing.write_flux2_klein(root / "checkpoints" / name, seed=seed)
    path = root / "checkpoints" / "blank" / "vae" / "diffusion_pytorch_model.safetensors"
    weights = load_file(path)
    weights["decoder.conv_out.weight"].zero_()
    save_file(weights, path, metadata={"format": "pt"})
    return root


@pytest.fixture(scope="module")
def residency(data: Path) -> Iterator[Residency]:
    residency = residency_of(data, t2i="draws", edit="edits")
    yield residency
    residency.close()


def pixels(context: ToolContext, handle: str) -> bytes:
    return context.image(handle)[1].tobytes()


def photograph(size: tuple[int, int] = (90, 60)) -> bytes:
    noise = np.random.default_rng(0).integers(0, 255, (*reversed(size), 3), np.uint8)
    sink = BytesIO()
    Image.fromarray(noise).save(sink, "PNG")
    return sink.getvalue()


def test_a_picture_carries_where_it_comes_from(context: ToolContext) -> None:
    output = generate_image.invoke({"prompt": "画一张桥，水墨风格", "seed": 5}, context)
    artifact, picture = context.image("img-1")
    assert output.text == "已画好：img-1"
    assert output.handles == ("img-1",)
    assert picture.size == (64, 64)
    lineage = artifact.lineage
    assert (lineage.tool, lineage.checkpoint, lineage.revision) == (
        "generate_image", "draws", "draws-1",
    )  # fmt: skip
    assert (lineage.seed, lineage.prompt) == (5, "桥，水墨画风格")
    assert lineage.arguments == {"prompt": "画一张桥，水墨风格", "seed": 5}
    assert output.details["prompt"] == "桥，水墨画风格"
    assert output.details["seeds"] == [5]
    assert artifact.label
    assert read_label(context.artifacts.path(artifact.sha256)) is not None


@pytest.mark.parametrize("role", ROLES)
def test_the_catalogue_says_how_each_checkpoint_is_called(role: str) -> None:
    catalog = Catalog.bundled()
    for name in catalog.names(role):
        defaults = DrawingDefaults.of(catalog.get(name))
        assert set(defaults.styles or ()) <= set(STYLES)
        assert defaults.size**2 <= defaults.max_pixels


def test_the_starter_knows_what_it_was_taught_and_doubts_the_rest() -> None:
    things = DrawingDefaults.of(Catalog.bundled().get("starter-t2i")).things
    assert things is not None
    untaught = [kind.key for kind in KINDS if not any(t in kind.names[0] for t in things)]
    assert untaught == []

    def doubts(text: str, things: tuple[str, ...] | None) -> list[str]:
        return _doubts(SimpleNamespace(things=things, wording=SimpleNamespace(text=text)))  # type: ignore[arg-type]

    assert doubts("戴眼镜的恐龙弹钢琴", things)
    assert not doubts("三只猫和一轮月亮", things)
    assert not doubts("江南水乡的夜景", things)
    assert not doubts("戴眼镜的恐龙弹钢琴", None)


def test_the_same_seed_draws_the_same_pixels(context: ToolContext) -> None:
    for seed in (5, 5, 6):
        generate_image.invoke({"prompt": "桥", "seed": seed}, context)
    first, second, third = (pixels(context, f"img-{n}") for n in (1, 2, 3))
    assert first == second != third


def test_several_pictures_come_from_the_seeds_that_follow(context: ToolContext) -> None:
    last = 2**32 - 1
    output = generate_image.invoke({"prompt": "桥", "count": 2, "seed": last}, context)
    assert output.text == "已画好：img-1、img-2"
    assert output.details["seeds"] == [last, 0]
    generate_image.invoke({"prompt": "桥", "seed": 0}, context)
    assert pixels(context, "img-3") == pixels(context, "img-2")


def test_without_a_seed_each_call_draws_another(context: ToolContext) -> None:
    for _ in range(2):
        generate_image.invoke({"prompt": "桥"}, context)
    assert pixels(context, "img-1") != pixels(context, "img-2")


def test_every_step_is_shown_with_a_preview_that_goes_when_it_is_over(
    context: ToolContext, shown: list[Activity], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "_PREVIEW_SECONDS", 0.0)
    readable: list[bool] = []

    def look(activity: Activity) -> None:
        shown.append(activity)
        if activity.preview_sha:
            readable.append(bool(context.artifacts.thumbnail(activity.preview_sha, 128)))

    generate_image.invoke({"prompt": "桥", "count": 2}, replace(context, on_activity=look))
    notes = [(activity.note, activity.fraction) for activity in shown if activity.note]
    assert notes[4] == ("第2张，共2张 · 1/4步", 0.625)
    assert len(notes) == 8
    previews = {activity.preview_sha for activity in shown} - {None}
    assert len(previews) == 6
    assert len(readable) >= 6
    for sha in previews:
        with pytest.raises(NotFound):
            context.artifacts.get(sha)
        assert not context.artifacts.path(sha).exists()
    assert [handle for handle, _ in context.artifacts.handles("c1")] == ["img-1", "img-2"]


def test_stop_keeps_the_pictures_that_are_finished(context: ToolContext) -> None:
    def stop(activity: Activity) -> None:
        if activity.note.startswith("第3张，共4张 · 2/"):
            context.cancel.set()

    watching = replace(context, on_activity=stop)
    output = generate_image.invoke({"prompt": "桥", "count": 4, "seed": 1}, watching)
    assert output.handles == ("img-1", "img-2")
    assert output.text == "已画好：img-1、img-2\n（中途停止，画好2张，共要4张）"
    assert output.details["seeds"] == [1, 2]


def test_stop_in_the_first_picture_is_a_stop(context: ToolContext) -> None:
    def stop(activity: Activity) -> None:
        if activity.note == "1/4步":
            context.cancel.set()

    with pytest.raises(Cancelled):
        generate_image.invoke({"prompt": "桥"}, replace(context, on_activity=stop))
    fresh = replace(context, cancel=threading.Event())
    assert generate_image.invoke({"prompt": "桥"}, fresh).handles == ("img-1",)


def test_what_is_ignored_is_said(context: ToolContext) -> None:
    given = {"prompt": "桥，赛博朋克风格", "negative_prompt": "人", "size": "70x66"}
    output = generate_image.invoke(given, context)
    assert output.text == (
        "已画好：img-1\n"
        "（这个模型不看negative_prompt，已忽略；尺寸取整为72x64；这个模型没有学过赛博朋克风格）"
    )
    assert context.image("img-1")[1].size == (72, 64)


@pytest.mark.parametrize(
    ("raw", "hint"),
    [
        ({"prompt": ""}, "prompt不能少于1个字。"),
        ({"prompt": "画一张图"}, "prompt里没有要画的内容，请写出画什么。"),
        ({"prompt": "桥", "count": 9}, "count不能大于8（现在是9）。"),
        (
            {"prompt": "桥", "style": "赛博朋克"},
            "没有“赛博朋克”这种风格，可用的有：水墨、油画；别的风格请写进prompt。",
        ),
        ({"prompt": "桥", "style": "胡说"},
         "没有“胡说”这种风格，可用的有：水墨、油画；别的风格请写进prompt。"),
        ({"prompt": "桥", "size": "大一点"}, "size要写成宽x高，如96x96。"),
        (
            {"prompt": "桥", "size": "1024x768"},
            "画不了1024x768：每边至少64像素，总共最多9216像素，长宽比最多4。可以用96x64。",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_said_in_one_hint(
    context: ToolContext, raw: dict[str, object], hint: str
) -> None:
    with pytest.raises(ToolRetry) as caught:
        generate_image.invoke(raw, context)
    assert caught.value.zh == hint


def test_a_named_style_is_part_of_the_words(context: ToolContext) -> None:
    output = generate_image.invoke({"prompt": "桥", "style": "水墨风格"}, context)
    assert output.details["prompt"] == "桥，水墨画风格"
    assert output.details["style"] == "水墨"


def test_a_blank_picture_is_tried_once_more_and_then_said(
    context: ToolContext, data: Path, shown: list[Activity]
) -> None:
    residency = residency_of(data, t2i="blank")
    try:
        with pytest.raises(ToolFailed, match="空白"):
            generate_image.invoke({"prompt": "桥"}, replace(context, residency=residency))
    finally:
        residency.close()
    assert [activity.note for activity in shown if activity.note].count("4/4步") == 2
    assert context.artifacts.handles("c1") == []


def test_the_second_try_has_another_seed() -> None:
    black, good = Image.new("RGB", (64, 64)), Image.open(BytesIO(photograph((64, 64))))
    drawn = draw_or_again({1: black, 9: good}.__getitem__, 1, 9)
    assert (drawn.picture, drawn.seed) == (good, 9)
    assert draw_or_again({1: good}.__getitem__, 1, 9).seed == 1


def test_blank_is_one_colour_or_nearly_black() -> None:
    half = Image.new("RGB", (64, 64), (200, 200, 200))
    assert is_blank(half)
    half.paste((20, 40, 160), (0, 0, 64, 32))
    assert not is_blank(half)
    night = Image.new("RGB", (64, 64), (8, 8, 20))
    night.paste((250, 240, 200), (10, 10, 20, 20))
    assert not is_blank(night)
    noise = np.random.default_rng(0).normal(128, 12, (256, 256, 3)).clip(0, 255).astype(np.uint8)
    assert is_blank(Image.fromarray(noise))  # noise averages out, shapes do not


def test_an_edit_knows_its_parent(context: ToolContext) -> None:
    source = attach(context, photograph())
    given = {"image": source, "instruction": "改成夜晚", "seed": 3}
    output = edit_image.invoke(given, context)
    artifact, picture = context.image("img-2")
    assert output.text == "已修改img-1，得到img-2"
    assert artifact.lineage.parents == (context.image("img-1")[0].sha256,)
    assert (artifact.lineage.checkpoint, artifact.lineage.seed) == ("edits", 3)
    assert artifact.lineage.prompt == "改成夜晚"
    assert picture.width / picture.height == pytest.approx(1.5, rel=0.02)
    edit_image.invoke(given, context)
    assert pixels(context, "img-3") == pixels(context, "img-2")


def test_a_strength_draws_over_the_picture_in_a_style(context: ToolContext) -> None:
    source = attach(context, photograph())
    given = {"image": source, "instruction": "把它变成水墨画", "seed": 3}
    edit_image.invoke({**given, "instruction": "改成水墨画"}, context)
    output = edit_image.invoke({**given, "instruction": "改成水墨画", "strength": 0.5}, context)
    assert output.details["prompt"] == "水墨画风格"
    assert pixels(context, "img-2") != pixels(context, "img-3")


def test_an_edit_stops_between_steps(context: ToolContext) -> None:
    source = attach(context, photograph())

    def stop(activity: Activity) -> None:
        if activity.note == "2/4步":
            context.cancel.set()

    with pytest.raises(Cancelled):
        edit_image.invoke(
            {"image": source, "instruction": "改成夜晚"}, replace(context, on_activity=stop)
        )


@pytest.mark.parametrize(
    ("raw", "hint"),
    [
        ({"image": "img-9", "instruction": "改成夜晚"}, "没有图片img-9，还没有图片。"),
        ({"image": "aud-1", "instruction": "改成夜晚"}, "aud-1是音频，不是图片，还没有图片。"),
        ({"image": "img-1"}, "缺少参数instruction。"),
        (
            {"image": "img-1", "instruction": "改", "strength": 2},
            "strength不能大于1.0（现在是2）。",
        ),
    ],
)
def test_what_cannot_be_edited_is_said_in_one_hint(
    context: ToolContext, raw: dict[str, object], hint: str
) -> None:
    with pytest.raises(ToolRetry) as caught:
        edit_image.invoke(raw, context)
    assert caught.value.zh == hint


def test_only_previews_can_be_discarded(context: ToolContext, store: ArtifactStore) -> None:
    source = attach(context, photograph())
    kept = context.image(source)[0]
    store.discard_preview(kept.sha256)
    assert store.get(kept.sha256) == kept
    preview = context.keep_preview(Image.new("RGB", (8, 8)))
    store.assign("c1", preview.sha256)
    store.discard_preview(preview.sha256)
    assert store.get(preview.sha256) == preview
