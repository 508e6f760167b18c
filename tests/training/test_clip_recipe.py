"""The starter CLIP's recipe: tokens, facts, losses, a run that stops and goes on."""

from pathlib import Path
from random import Random

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from training.clip.batches import Batch, Batches, caption_for_training
from training.clip.facts import FACTS, vector
from training.clip.model import IMAGE_SIZE, write_skeleton
from training.clip.tokenizer import CONTEXT_LENGTH, EOS_ID, UNK_ID, build_tokenizer
from training.clip.train import Plan, Trainer, contrastive_loss, encode_by_length
from training.pictures import PictureFile
from training.world.captions import full_caption, scene_facts
from training.world.phrases import HELD_OUT
from training.world.render import draw
from training.world.scene import sample_scene
from training.world.splits import TRAIN_SEEDS


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> PictureFile:
    file = PictureFile(tmp_path_factory.mktemp("pictures") / "p.u8", 10, IMAGE_SIZE)
    file.draw_missing()
    return file


def test_drawing_goes_on_after_an_interruption(tmp_path: Path) -> None:
    short = PictureFile(tmp_path / "p.u8", 2, 64)
    short.draw_missing()
    with short.path.open("ab") as file:
        file.write(b"half a picture")
    whole = PictureFile(tmp_path / "p.u8", 3, 64)
    whole.draw_missing()
    assert whole.drawn() == 3
    last = np.asarray(draw(sample_scene(TRAIN_SEEDS[2]), 64))
    assert np.array_equal(whole.read()[2], last)


def test_several_workers_draw_the_same_pictures(tmp_path: Path, pictures: PictureFile) -> None:
    shared = PictureFile(tmp_path / "p.u8", 4, IMAGE_SIZE)
    shared.draw_missing(workers=2)
    assert np.array_equal(shared.read(), pictures.read()[:4])


def test_every_character_of_held_out_captions_is_known_and_nearly_every_caption_fits() -> None:
    texts = [full_caption(sample_scene(s), Random(s), HELD_OUT).text for s in range(60)]
    encoded = build_tokenizer()(texts)["input_ids"]
    assert all(UNK_ID not in ids and ids[-1] == EOS_ID for ids in encoded)
    assert sum(len(ids) > CONTEXT_LENGTH for ids in encoded) <= 3


def test_punctuation_width_and_case_do_not_matter() -> None:
    tokenizer = build_tokenizer()
    first, second = tokenizer(["３只 Cat，在桥上。", "3只,cat、在桥上"])["input_ids"]
    assert first == second


def test_stock_open_clip_loads_the_tokenizer_from_the_folder(tmp_path: Path) -> None:
    write_skeleton(tmp_path)
    tokens = open_clip.get_tokenizer(f"local-dir:{tmp_path}")(["拱桥", "很长" * 100])
    assert tokens.shape == (2, CONTEXT_LENGTH)
    assert (tokens == EOS_ID).sum(1).tolist() == [1, 1]


def test_every_fact_of_a_scene_has_a_place_in_the_vector() -> None:
    for seed in range(200):
        facts = scene_facts(sample_scene(seed))
        assert vector(facts).sum() == len(facts)
    assert len(set(FACTS)) == len(FACTS)


def test_a_batch_depends_on_its_number_alone(pictures: PictureFile) -> None:
    one, two = (Batches(pictures.read(), build_tokenizer(), 4).batch(5) for _ in range(2))
    assert torch.equal(one.images, two.images)
    assert torch.equal(one.tokens, two.tokens)
    assert one.images.shape == (4, 3, IMAGE_SIZE, IMAGE_SIZE)
    assert bool((one.text_facts <= one.image_facts).all())


def test_encoding_by_length_equals_encoding_with_full_padding(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path, Plan(steps=1))
    tokens = open_clip.get_tokenizer(f"local-dir:{trainer.model_folder}")(
        ["拱桥", "三只红色的鸟在天上", "夜晚的河边有一座塔和两棵柳树", "猫", "水墨画"]
    )
    longest = int((tokens != 0).sum(1).max())
    with torch.no_grad():
        expected = trainer.model.encode_text(tokens)
        got = encode_by_length(trainer.model.text, tokens[:, :longest])
    assert torch.allclose(expected, got, atol=1e-5)


def test_a_caption_that_fits_two_pictures_is_not_punished_for_liking_both() -> None:
    facts = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    stated = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    batch = Batch(torch.empty(0), torch.empty(0), facts, stated)
    texts = torch.eye(2)
    images = torch.tensor([[1.0, 0.0], [0.7071, 0.7071]])
    fair = contrastive_loss(images, texts, torch.tensor(5.0), batch)
    strict = Batch(torch.empty(0), torch.empty(0), torch.eye(2), torch.eye(2))
    assert fair < contrastive_loss(images.flip(0), texts, torch.tensor(5.0), strict)


def test_training_stops_and_goes_on_from_its_checkpoint(
    pictures: PictureFile, tmp_path: Path
) -> None:
    torch.set_num_threads(1)
    batches = Batches(pictures.read(), build_tokenizer(), 4)
    Trainer(tmp_path, Plan(steps=1)).run(batches)
    again = Trainer(tmp_path, Plan(steps=2))
    assert again.step == 1
    again.run(batches)
    rows = (tmp_path / "loss.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", "1", "2"]
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{again.model_folder}")
    picture = preprocess(Image.fromarray(pictures.read()[0])).unsqueeze(0)
    with torch.no_grad():
        embedding = model.eval().encode_image(picture, normalize=True)
    assert embedding.norm().item() == pytest.approx(1.0, abs=1e-4)


def test_training_captions_are_long_and_short() -> None:
    rng = Random(0)
    lengths = [len(caption_for_training(sample_scene(s), rng).text) for s in range(100)]
    assert min(lengths) < 10
    assert max(lengths) > 40
