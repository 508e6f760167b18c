"""The judge's recipe: targets, spoiled pictures, losses, a run that stops and goes on."""

from itertools import pairwise
from pathlib import Path
from random import Random
from threading import Event

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from training.judge.batches import Batches, spoil
from training.judge.model import (
    COLOR_NAMES,
    GRID,
    IMAGE_SIZE,
    SETTINGS,
    JudgeNet,
    load_judge_net,
    start_from_clip,
    write_weights,
)
from training.judge.scenes import judge_scene
from training.judge.targets import NO_COLOR, targets_of
from training.judge.train import Plan, Trainer, color_loss, heat_loss, losses_of
from training.pictures import PictureFile
from training.world.kinds import KINDS
from training.world.scene import Group, Scene, sample_scene
from training.world.splits import (
    EVALUATION_SEEDS,
    GALLERY_SEEDS,
    HELD_OUT_SEEDS,
    JUDGE_SEEDS,
    TRAIN_SEEDS,
)

CLIP = Path(__file__).parents[2] / "models" / "starter" / "clip"
CATS = Group("cat", 3, "红", "front", "across")
SCENE = Scene(7, "meadow", "spring", "day", "sunny", "oil", (CATS,))
KIND_ROW = {kind.key: row for row, kind in enumerate(KINDS)}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> PictureFile:
    path = tmp_path_factory.mktemp("pictures") / "p.u8"
    file = PictureFile(path, 6, IMAGE_SIZE, judge_scene)
    file.draw_missing()
    return file


def test_no_seed_serves_two_ends() -> None:
    ranges = [HELD_OUT_SEEDS, GALLERY_SEEDS, TRAIN_SEEDS, JUDGE_SEEDS, EVALUATION_SEEDS]
    ordered = sorted(ranges, key=lambda seeds: seeds.start)
    assert all(a.stop <= b.start for a, b in pairwise(ordered))


def test_every_second_scene_is_an_edited_one() -> None:
    assert judge_scene(4) == sample_scene(JUDGE_SEEDS[4])
    assert judge_scene(5) != sample_scene(JUDGE_SEEDS[5])


def test_each_thing_is_one_peak_of_its_own_kind_in_its_colour() -> None:
    targets = targets_of([SCENE], [False])
    middles = targets.heat[0] == 1
    assert int(middles.sum()) == 3
    assert int(middles[KIND_ROW["cat"]].sum()) == 3
    assert set(targets.color[0][middles.any(0)].tolist()) == {COLOR_NAMES.index("红")}
    assert {name: SETTINGS[name][int(v)] for name, v in targets.settings.items()}["style"] == "oil"


def test_a_mirrored_picture_has_mirrored_targets() -> None:
    straight, mirrored = targets_of([SCENE], [False]), targets_of([SCENE], [True])
    assert torch.equal(straight.heat.flip(-1), mirrored.heat)
    assert torch.equal(straight.color.flip(-1), mirrored.color)


def test_a_sketch_teaches_no_colour() -> None:
    sketch = Scene(7, "meadow", "spring", "day", "sunny", "sketch", (CATS,))
    assert set(targets_of([sketch], [False]).color.unique().tolist()) == {NO_COLOR}


def test_spoiled_pictures_differ_and_depend_on_the_generator_alone() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8)
    spoiled = [spoil(pixels, Random(n)) for n in range(12)]
    assert all(s.shape == pixels.shape and s.dtype == np.uint8 for s in spoiled)
    assert not any(np.array_equal(s, pixels) for s in spoiled)
    assert np.array_equal(spoiled[3], spoil(pixels, Random(3)))


def test_knowing_the_answer_costs_nothing_and_its_opposite_much() -> None:
    targets = targets_of([SCENE], [False])
    sure = torch.where(targets.heat == 1, 20.0, -20.0)
    assert heat_loss(sure, targets.heat) < 1e-3
    assert heat_loss(-sure, targets.heat) > 10
    colors = torch.zeros(1, len(COLOR_NAMES), GRID, GRID)
    colors[:, COLOR_NAMES.index("红")] = 20.0
    assert color_loss(colors, targets.color) < 1e-3
    assert color_loss(-colors, targets.color) > 10


def test_a_picture_without_colours_has_a_loss_of_zero_not_nan() -> None:
    empty = torch.full((1, GRID, GRID), NO_COLOR)
    assert color_loss(torch.zeros(1, len(COLOR_NAMES), GRID, GRID), empty) == 0


def test_the_trunk_starts_from_clip_and_survives_being_written(tmp_path: Path) -> None:
    net = JudgeNet()
    start_from_clip(net, CLIP)
    clip = load_file(CLIP / "open_clip_model.safetensors")["visual.layer4.0.conv2.weight"]
    assert torch.equal(net.trunk.layer4[0].conv2.weight, clip.float())
    write_weights(net, tmp_path)
    again = load_judge_net(tmp_path)
    images = torch.zeros(1, 3, IMAGE_SIZE, IMAGE_SIZE)
    with torch.no_grad():
        expected, got = net.eval()(images), again(images)
    assert got.heat.shape == (1, len(KINDS), GRID, GRID)
    assert torch.allclose(expected.heat, got.heat, atol=2e-2)


def test_training_stops_and_goes_on_from_its_checkpoint(
    pictures: PictureFile, tmp_path: Path
) -> None:
    torch.set_num_threads(1)
    batches = Batches(pictures.read(), 2)
    Trainer(tmp_path, Plan(minutes=1e-6), CLIP).run(batches, Event())
    again = Trainer(tmp_path, Plan(minutes=60), CLIP)
    assert again.step == 1
    stop = Event()
    stop.set()
    again.run(batches, stop)
    assert again.step == 1
    rows = (tmp_path / "loss.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", "1"]


def test_an_update_lowers_the_loss_on_its_own_batch(pictures: PictureFile, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    trainer = Trainer(tmp_path, Plan(minutes=60), CLIP)
    batch = Batches(pictures.read(), 2).batch(0)
    losses = [trainer._update(batch)["heat"] for _ in range(3)]
    assert losses[-1] < losses[0]


def test_losses_name_things_colours_and_settings(pictures: PictureFile) -> None:
    batch = Batches(pictures.read(), 2).batch(3)
    losses = losses_of(JudgeNet()(batch.images), batch.targets)
    assert set(losses) == {"heat", "color", "setting"}
    assert all(torch.isfinite(value) for value in losses.values())
