"""The starter CLIP as it ships: what its model card promises, on a small sample."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from evaluation.clip import evaluate_world
from models.catalog import Catalog
from models.roles.clip import ClipModel

GALLERY = Path(__file__).parents[2] / "duomo" / "gallery"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> ClipModel:
    catalog = Catalog.bundled()
    checkpoint = catalog.get("starter-clip")
    path = catalog.locate(checkpoint.name, tmp_path_factory.mktemp("data"))
    return ClipModel.load(path, checkpoint, torch.device("cpu"))


@pytest.fixture(scope="module")
def gallery(clip: ClipModel) -> tuple[list[dict], np.ndarray]:
    index = json.loads((GALLERY / "index.json").read_text("utf-8"))
    pictures = [Image.open(GALLERY / entry["file"]).convert("RGB") for entry in index]
    return index, clip.embed_images(pictures)


def test_held_out_scenes_and_sentences_find_each_other(clip: ClipModel) -> None:
    figures = evaluate_world(clip, range(50)).figures
    assert figures["r1"] > 0.8
    assert figures["r1_image_to_text"] > 0.8
    assert figures["r5"] > 0.95


@pytest.mark.parametrize("query", ["帮我找几张有拱桥的图", "拱桥", "有桥的图片"])
def test_bridges_of_the_gallery_are_found_by_what_people_say_first(
    clip: ClipModel, gallery: tuple[list[dict], np.ndarray], query: str
) -> None:
    index, pictures = gallery
    best = (clip.embed_texts([query]) @ pictures.T)[0].argsort()[::-1][:4]
    assert all("bridge" in index[i]["kinds"] for i in best)
