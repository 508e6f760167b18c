"""The recipe of the starter that sees: its labels, its packed rows, and its fast tower."""

import math
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from PIL import Image, ImageChops
from transformers import AutoProcessor, Qwen3VLForConditionalGeneration

from training.pictures import PictureFile, scene_of_pairs, scene_with_sign
from training.vlm import model as starter
from training.vlm.conversations import IGNORE, Packer
from training.vlm.export import save
from training.vlm.familiar import DIRECTIONS, familiarity
from training.vlm.instruct import answer_loss, conversation
from training.vlm.labels import CELL_VALUES, SCENE_VALUES, label, label_all
from training.vlm.labels import IGNORE as UNSAID
from training.vlm.pictures import BATCH, Pictures
from training.vlm.pretrain import glyph_loss, mean_of_signs, new_heads, train_heads
from training.vlm.run import Rates, Stage
from training.vlm.slips import slipped
from training.vlm.tower import see
from training.world.kinds import KINDS
from training.world.layout import lay_out
from training.world.phrases import TRAIN
from training.world.render import draw
from training.world.scene import Group, Scene, sample_scene
from training.world.signs import GLYPHS, SIGN_TEXTS


@pytest.fixture(scope="module")
def model() -> Qwen3VLForConditionalGeneration:
    return starter.build().requires_grad_(requires_grad=False)


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    side = starter.PIXELS
    return torch.randint(0, 256, (2, side, side, 3), generator=torch.Generator().manual_seed(0)).to(
        torch.uint8
    )


def test_cells_name_the_group_that_lies_there() -> None:
    scene = sample_scene(3)
    cells = label([scene]).cells[0].reshape(starter.TOKENS_A_SIDE, starter.TOKENS_A_SIDE, -1)
    for group in scene.groups:
        item = max(lay_out(scene.seed, scene.place, group), key=lambda item: item.y)
        row = int((item.y - item.height / 2) * starter.TOKENS_A_SIDE)
        column = int(item.x * starter.TOKENS_A_SIDE)
        kind, _, count, side, *_ = cells[row, column]
        assert KINDS[kind].key == group.kind
        assert CELL_VALUES["count"][count] == group.count
        assert CELL_VALUES["side"][side] == group.side


def test_pictures_of_several_files_are_shown_with_their_own_scenes(tmp_path: Path) -> None:
    side = 64
    files = (
        PictureFile(tmp_path / "signs.u8", 3, side, scene_with_sign),
        PictureFile(tmp_path / "pairs.u8", 4, side, scene_of_pairs),
    )
    for file in files:
        file.draw_missing()
    pictures = Pictures.of(files, tmp_path / "labels.npz")
    assert len(pictures) == 7
    assert all(pictures.scene_of(row).find("sign") for row in range(3))
    assert pictures.scene_of(4) == scene_of_pairs(1)
    rows = np.array([4, 1])
    pixels, (cells, scenes, *_) = pictures.pixels(rows), pictures.named(rows)
    for place, row in enumerate(rows.tolist()):
        scene = pictures.scene_of(row)
        assert pixels[place].numpy().tobytes() == draw(scene, side).tobytes()
        assert cells[place].tolist() == label([scene]).cells[0].tolist()
        assert scenes[place].tolist() == label([scene]).scene[0].tolist()


def test_signs_of_one_scene_say_one_thing_after_another() -> None:
    scenes = [scene_with_sign(row) for row in range(5)]
    assert len({_sign(scene).text for scene in scenes[:4]}) == 4
    assert len({replace(scene, groups=()) for scene in scenes[:4]}) == 1
    assert scenes[3].seed != scenes[4].seed
    in_turn = [draw(scene, 64).tobytes() for scene in scenes]
    assert in_turn == [draw(scene, 64).tobytes() for scene in reversed(scenes)][::-1]
    assert len(set(in_turn)) == 5


def test_labels_of_an_older_form_are_made_anew(tmp_path: Path) -> None:
    scenes, cache = [scene_with_sign(0)], tmp_path / "labels.npz"
    made = label_all(1, scenes, cache)
    np.savez(cache, cells=made.cells, scene=made.scene)
    assert (label_all(1, scenes, cache).glyphs == made.glyphs).all()


def test_slips_leave_most_of_a_question() -> None:
    question = "画面里一共有几只白色的猫"
    said = [slipped(question, Random(seed)) for seed in range(200)]
    assert 80 < said.count(question) < 140  # without slips, or with none that happened
    for one in said:
        assert SequenceMatcher(None, question, one).ratio() > 0.6


def test_what_a_sign_says_is_named_where_it_is_written() -> None:
    scene = next(s for s in map(scene_with_sign, range(50)) if _sign(s).text == "茶馆")
    other = replace(scene, groups=tuple(replace(g, text=g.text and "乌镇") for g in scene.groups))
    pixels = starter.PIXELS
    changed = ImageChops.difference(draw(scene, pixels), draw(other, pixels)).convert("L")
    ink = np.asarray(changed, float).reshape(8, pixels // 8, 8, pixels // 8).sum((1, 3)).ravel()
    for one in (scene, other):
        glyphs = label([one]).glyphs[0]
        assert {GLYPHS[glyph] for glyph in glyphs[glyphs >= 0]} == set(str(_sign(one).text))
        named = (glyphs >= 0).any(1)
        assert ink[named].all()
        assert ink[named].sum() > 0.6 * ink.sum()


def _sign(scene: Scene) -> Group:
    sign = scene.find("sign")
    assert sign is not None
    return sign


def test_labels_name_the_setting_and_the_kinds() -> None:
    scene = sample_scene(5)
    labels = label([scene])
    for column, (name, values) in enumerate(SCENE_VALUES.items()):
        assert values[labels.scene[0, column]] == getattr(scene, name)
    present = {KINDS[i].key for i in np.flatnonzero(labels.kinds[0])}
    assert present == {group.kind for group in scene.groups}


def test_the_pictured_tokens_lie_past_the_tokenizer() -> None:
    assert starter.config().text_config.vocab_size > max(
        starter.VISION_START, starter.VISION_END, starter.IMAGE_PAD, starter.VIDEO_PAD
    )


def test_a_packed_answer_is_read_as_if_it_stood_alone(
    model: Qwen3VLForConditionalGeneration, pictures: torch.Tensor
) -> None:
    packer = Packer()
    exchanges = conversation(sample_scene(7), Random(0), TRAIN)[:4]
    seen = see(model.model.visual, pictures[:1])
    alone = [answer_loss(model, packer.batch([[exchange]]), *seen) for exchange in exchanges]
    sizes = [len(packer.encode(exchange.answer)) + 1 for exchange in exchanges]
    together = answer_loss(model, packer.batch([exchanges]), *seen)
    mean = sum(a * n for a, n in zip(alone, sizes, strict=True)) / sum(sizes)
    assert together == pytest.approx(float(mean), rel=1e-4)


def test_what_does_not_fit_a_row_is_left_out_whole() -> None:
    packer = Packer(length=110)
    exchanges = conversation(sample_scene(7), Random(0), TRAIN)
    batch = packer.batch([exchanges])
    assert batch.tokens.shape == (1, 110)
    answered = batch.labels[0] != IGNORE
    ends = batch.labels[0] == starter.IM_END
    assert answered.any()
    assert int(ends.sum()) == int((answered[:-1] & ~answered[1:]).sum() + answered[-1])


def test_the_written_folder_sees_what_training_saw(
    model: Qwen3VLForConditionalGeneration, pictures: torch.Tensor, tmp_path: Path
) -> None:
    save(model, tmp_path)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 30_000_000
    processor = AutoProcessor.from_pretrained(tmp_path, local_files_only=True)
    content = [
        {"type": "image", "image": Image.fromarray(pictures[0].numpy())},
        {"type": "text", "text": "图里有什么？"},
    ]
    inputs = processor.apply_chat_template(
        [{"role": "user", "content": content}],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )
    assert inputs["input_ids"][0, : len(Packer().prefix)].tolist() == Packer().prefix
    grids = inputs["image_grid_thw"]
    seen = model.model.visual(inputs["pixel_values"], grid_thw=grids)
    tokens, deep = see(model.model.visual, pictures[:1])
    assert torch.allclose(seen.pooler_output, tokens[0], atol=1e-4)
    for theirs, ours in zip(seen.deepstack_features, deep, strict=True):
        assert torch.allclose(theirs, ours[0], atol=1e-4)


def test_new_heads_leave_the_tower_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.vlm.pictures.VALIDATION_ROWS", 0)
    visual = starter.build().model.visual
    before = {name: value.clone() for name, value in visual.state_dict().items()}
    heads = new_heads(visual)
    untrained = {name: value.clone() for name, value in heads.state_dict().items()}
    file = PictureFile(tmp_path / "signs.u8", BATCH, starter.PIXELS, scene_with_sign)
    file.draw_missing()
    pictures = Pictures.of((file,), tmp_path / "labels.npz")
    assert train_heads(visual, heads, pictures, tmp_path, 1e-9)
    assert all(value.equal(before[name]) for name, value in visual.state_dict().items())
    assert any(not value.equal(untrained[name]) for name, value in heads.state_dict().items())


def test_a_small_sign_is_learnt_as_much_as_a_large_one() -> None:
    labels = torch.full((3, starter.VISUAL_TOKENS, 6), UNSAID)
    labels[0, :6], labels[1, 0] = 1, 2  # six cells of one sign, one of another, no sign
    logits = torch.zeros(3, starter.VISUAL_TOKENS, len(SIGN_TEXTS))
    logits[1, 0, 2] = 100.0  # the small one is read
    at_chance = math.log(len(SIGN_TEXTS))
    assert mean_of_signs(logits, labels[..., 0]).item() == pytest.approx(at_chance / 2)
    none = torch.full_like(labels, UNSAID)
    assert mean_of_signs(logits, none[..., 0]).item() == 0
    glyphs = torch.full((3, starter.VISUAL_TOKENS, len(GLYPHS)), -100.0)
    glyphs[1, 0, 2] = 100.0
    large = glyph_loss(glyphs, labels).item()
    labels[0, 1:6] = UNSAID
    assert glyph_loss(glyphs, labels).item() == pytest.approx(large)


def test_what_is_hardest_is_asked_about_most() -> None:
    scene = next(s for s in map(scene_with_sign, range(50)) if len(s.groups) > 2)
    topics = Counter(e.topic for n in range(40) for e in conversation(scene, Random(n), TRAIN))
    assert topics["text"] == 80
    assert topics["compare"] > 100
    assert topics["style"] < 40


def test_a_share_of_the_rates_falls_as_they_do() -> None:
    assert Rates(4e-3, 2e-3, decay=0.3).times(0.5) == Rates(2e-3, 1e-3, decay=0.3)


def test_a_stage_that_was_told_to_stop_is_not_followed_by_the_next(tmp_path: Path) -> None:
    """Even when its time is over in the very same update."""
    modules = torch.nn.ModuleDict({"one": torch.nn.Linear(2, 2)})
    stage = Stage("one", tmp_path, modules, [*modules.named_parameters()], Rates(1e-3, 1e-3), 1e-9)

    def losses() -> Iterator[Callable[[], dict[str, torch.Tensor]]]:
        signal.raise_signal(signal.SIGTERM)
        yield lambda: {"one": modules["one"](torch.ones(1, 2)).sum()}

    handlers = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT)]
    try:
        assert stage.run(losses(), dict, 100) is False
    finally:
        for number, handler in handlers:
            signal.signal(number, handler)
    assert stage.finished


def test_what_a_tower_makes_of_its_own_pictures_is_familiar_and_little_else() -> None:
    middles = torch.nn.functional.normalize(torch.randn(300, 64, generator=_seeded(0)), dim=1)

    def pictures(count: int, seed: int) -> list[torch.Tensor]:
        draws = _seeded(seed)
        rows = [torch.randint(300, (64,), generator=draws) for _ in range(count)]
        return [middles[r] + 0.02 * torch.randn(64, 64, generator=draws) for r in rows]

    found = familiarity(pictures(400, 1), pictures(200, 2))
    assert found.directions.shape == (DIRECTIONS, 64)
    own = [found.knows(one) for one in pictures(200, 3)]
    assert 0.95 < sum(own) / len(own) <= 1.0
    others = [torch.randn(64, 64, generator=_seeded(seed)) for seed in range(10, 30)]
    assert not any(map(found.knows, others))


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
