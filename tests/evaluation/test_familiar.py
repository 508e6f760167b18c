"""The figures of whoever knows a picture by its corner, of photographs that are one colour."""

from pathlib import Path

import pytest
from PIL import Image

from evaluation import familiar as module
from evaluation.familiar import evaluate_familiar
from evaluation.roles import load_folder
from models.errors import NotFound, UnreadableMedia
from models.roles.vlm import VisionLanguageModel

STARTER = Path(__file__).parents[2] / "models/starter/vlm"


class ByColour:
    """Takes every picture that is not red for its own."""

    def knows(self, image: Image.Image) -> bool:
        return image.getpixel((0, 0)) != (254, 0, 0)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name, colour in (("a.png", (254, 0, 0)), ("b.png", (0, 0, 254))):
        Image.new("RGB", (64, 64), colour).save(tmp_path / name)
    (tmp_path / "captions.txt").write_text("not a picture")
    return tmp_path


def test_shares_are_of_its_own_and_of_the_others(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PIXELS", 64)
    figures = evaluate_familiar(ByColour(), photos, 3).figures
    assert figures == {"own": 1, "strange": 0.5, "own_pictures": 3, "others": 2}


def test_a_folder_without_pictures_or_with_broken_ones_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        evaluate_familiar(ByColour(), tmp_path, 1)
    (tmp_path / "a.jpg").write_bytes(b"nothing")
    with pytest.raises(UnreadableMedia):
        evaluate_familiar(ByColour(), tmp_path, 1)


def test_the_starter_knows_its_own_pictures_and_no_noise(tmp_path: Path) -> None:
    for number in range(3):
        size = (200 + 50 * number, 160)
        Image.effect_noise(size, 60 + 20 * number).save(tmp_path / f"{number}.png")
    starter = load_folder(VisionLanguageModel, "vlm", STARTER)
    figures = evaluate_familiar(starter, tmp_path, 12).figures
    assert figures["own"] >= 11 / 12
    assert figures["strange"] == 1
