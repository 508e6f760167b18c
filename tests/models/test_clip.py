"""open_clip and transformers dual encoders of the real classes."""

import gc
import socket
import weakref
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from models.catalog import Catalog
from models.roles.clip import BATCH, ClipModel, TransformersClipModel
from models.weights import tensor_bytes
from tests.fixtures import tiny
from tests.models.conftest import CPU, entry

ENTRY = entry("x", "clip", "models.roles.clip:ClipModel")


@pytest.fixture(params=["tiny-clip", "tiny-chinese-clip"])
def clip(request: pytest.FixtureRequest, catalog: Catalog, data_dir: Path) -> ClipModel:
    checkpoint = catalog.get(request.param)
    kind = ClipModel if request.param == "tiny-clip" else TransformersClipModel
    return kind.load(catalog.locate(checkpoint.name, data_dir), checkpoint, CPU)


def pictures(count: int) -> list[Image.Image]:
    random = np.random.default_rng(0)
    return [
        Image.fromarray(random.integers(0, 255, (20 + i % 7, 40, 3), np.uint8))
        for i in range(count)
    ]


def test_vectors_are_unit_rows_of_the_models_width(clip: ClipModel) -> None:
    for vectors in (clip.embed_images(pictures(3)), clip.embed_texts(["桥", "猫在桥上", "月亮"])):
        assert vectors.shape == (3, clip.dimension)
        assert vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        assert np.abs(vectors[0] - vectors[1]).max() > 1e-4


def test_nothing_in_gives_no_rows(clip: ClipModel) -> None:
    assert clip.embed_images([]).shape == (0, clip.dimension)
    assert clip.embed_texts([]).shape == (0, clip.dimension)


def test_batches_change_nothing(clip: ClipModel) -> None:
    images = pictures(BATCH + 3)
    together = clip.embed_images(images)
    apart = np.concatenate([clip.embed_images([image]) for image in images[-4:]])
    assert np.allclose(together[-4:], apart, atol=1e-5)


def test_pixels_prepared_elsewhere_give_the_same_vectors(clip: ClipModel) -> None:
    images = pictures(2)
    pixels = torch.stack([clip.preprocess(image) for image in images])
    assert pixels.shape[-2:] == (clip.image_side, clip.image_side)
    assert np.array_equal(clip.embed_pixels(pixels), clip.embed_images(images))


def test_vectors_are_those_of_open_clip_itself(data_dir: Path) -> None:
    path = data_dir / "checkpoints" / "tiny-clip"
    model, _, transform = open_clip.create_model_and_transforms(f"local-dir:{path}")
    tokens = open_clip.get_tokenizer(f"local-dir:{path}")(["一座桥"])
    image = pictures(1)[0]
    with torch.inference_mode():
        text = model.eval().encode_text(tokens, normalize=True).numpy()
        picture = model.encode_image(transform(image)[None], normalize=True).numpy()
    ours = ClipModel.load(path, ENTRY, CPU)
    assert np.allclose(ours.embed_texts(["一座桥"]), text, atol=1e-6)
    assert np.allclose(ours.embed_images([image]), picture, atol=1e-6)


def test_a_long_sentence_is_cut_not_refused(clip: ClipModel) -> None:
    assert clip.embed_texts(["桥上的猫" * 500]).shape == (1, clip.dimension)


def test_half_precision_stays_close(data_dir: Path) -> None:
    path = data_dir / "checkpoints" / "tiny-clip"
    full = ClipModel.load(path, ENTRY, CPU)
    half = ClipModel.load(path, ENTRY.model_copy(update={"dtype": "bfloat16"}), CPU)
    assert half.bytes * 2 == pytest.approx(full.bytes, rel=0.01)
    both = (full.embed_images(pictures(4)) * half.embed_images(pictures(4))).sum(axis=1)
    assert both.min() > 0.99


def test_the_revision_follows_the_weights_unless_the_catalogue_names_one(tmp_path: Path) -> None:
    first = ClipModel.load(tiny.write_clip(tmp_path / "a", seed=1), ENTRY, CPU)
    again = ClipModel.load(tiny.write_clip(tmp_path / "b", seed=1), ENTRY, CPU)
    other = ClipModel.load(tiny.write_clip(tmp_path / "c", seed=2), ENTRY, CPU)
    assert first.revision == again.revision != other.revision
    named = ENTRY.model_copy(update={"revision": "v1"})
    assert ClipModel.load(tmp_path / "a", named, CPU).revision == "v1"


def test_the_bytes_are_those_of_the_tensors(clip: ClipModel, data_dir: Path) -> None:
    path = data_dir / "checkpoints" / clip.name
    assert clip.bytes == tensor_bytes(path, torch.float32) > 100_000


def test_nothing_is_fetched_while_loading(
    catalog: Catalog, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for name, kind in (("tiny-clip", ClipModel), ("tiny-chinese-clip", TransformersClipModel)):
        kind.load(catalog.locate(name, data_dir), catalog.get(name), CPU).embed_texts(["桥"])


def test_released_weights_cannot_be_used_and_preprocess_still_can(clip: ClipModel) -> None:
    clip.release()
    with pytest.raises(RuntimeError, match="released"):
        clip.embed_texts(["桥"])
    assert clip.preprocess(pictures(1)[0]).shape[0] == 3


def test_a_release_frees_the_weights_at_once(clip: ClipModel) -> None:
    tower = clip._encode_text
    assert tower is not None
    model = getattr(tower, "__self__", None) or tower.__closure__[0].cell_contents
    weights = [weakref.ref(parameter) for parameter in model.parameters()]
    assert len(weights) > 20
    del tower, model
    gc.disable()
    try:
        clip.release()
        assert not any(weight() is not None for weight in weights)
    finally:
        gc.enable()
