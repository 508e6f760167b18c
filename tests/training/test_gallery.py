"""The committed sample gallery is what its command makes, and what a first run needs."""

import json
from pathlib import Path

import pytest
from PIL import Image

from training.world.gallery import PICTURES, gallery_caption, gallery_scenes
from training.world.kinds import KINDS
from training.world.scene import STYLES

GALLERY = Path(__file__).parents[2] / "duomo" / "gallery"


@pytest.fixture(scope="module")
def index() -> list[dict]:
    return json.loads((GALLERY / "index.json").read_text("utf-8"))


def test_the_index_lists_exactly_the_pictures_that_are_there(index) -> None:
    assert len(index) == PICTURES
    assert {entry["file"] for entry in index} == {p.name for p in GALLERY.glob("*.webp")}


def test_pictures_are_whole_and_512_pixels_a_side(index) -> None:
    for entry in index[::12]:
        with Image.open(GALLERY / entry["file"]) as image:
            image.load()
            assert image.size == (512, 512)


def test_the_index_comes_from_the_scenes_of_the_code(index) -> None:
    scenes = list(gallery_scenes())
    assert [entry["seed"] for entry in index] == [scene.seed for scene in scenes]
    assert [entry["caption"] for entry in index] == [gallery_caption(scene) for scene in scenes]


def test_there_are_bridges_and_signs_to_find_and_every_kind_and_style(index) -> None:
    assert sum("bridge" in entry["kinds"] for entry in index) >= 6
    assert sum(entry["text"] is not None for entry in index) >= 6
    assert {kind for entry in index for kind in entry["kinds"]} == {kind.key for kind in KINDS}
    assert {entry["style"] for entry in index} == set(STYLES)


def test_the_gallery_stays_small() -> None:
    assert sum(path.stat().st_size for path in GALLERY.iterdir()) < 4_000_000
