import json
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from evaluation.ocr import evaluate_ocr, read_cases, substring_distance
from models.catalog import Catalog
from models.errors import InvalidRequest, NotFound
from models.roles.ocr import TextRecognizer


@pytest.mark.parametrize(
    ("line", "page", "distance"),
    [
        ("", "任何", 0),
        ("你好", "", 2),
        ("你好", "前面你好后面", 0),
        ("你好", "前面你们好后面", 1),
        ("甲乙丙", "甲丙", 1),
        ("甲乙丙", "丁戊己", 3),
    ],
)
def test_a_line_is_compared_with_its_nearest_stretch(line: str, page: str, distance: int) -> None:
    assert substring_distance(line, page) == distance


def test_the_figures_of_pictures_read_right_wrong_and_blank(tmp_path: Path) -> None:
    truth = {"right.png": ["Open daily"], "wrong.png": ["Closed"], "blank.png": []}
    for name, drawn in {"right.png": "Open daily", "wrong.png": "Clxxed", "blank.png": ""}.items():
        picture = Image.new("RGB", (240, 60), "white")
        ImageDraw.Draw(picture).text((10, 10), drawn, "black", ImageFont.load_default(32))
        picture.save(tmp_path / name)
    rows = [json.dumps({"image": name, "lines": lines}) for name, lines in truth.items()]
    (tmp_path / "ground_truth.jsonl").write_text("\n".join(rows), "utf-8")
    checkpoint = Catalog.bundled().get("starter-ocr")
    recognizer = TextRecognizer.load(Path(), checkpoint, torch.device("cpu"))
    figures = evaluate_ocr(recognizer, read_cases(tmp_path)).figures
    assert figures["character_accuracy"] == pytest.approx(1 - 2 / 15)
    assert figures["pictures_without_error"] == 0.5
    assert figures["blank_lines"] == 0
    assert figures["pictures"] == 3


def test_a_folder_without_ground_truth_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_cases(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", '{"image": "a.png"}'])
def test_a_malformed_ground_truth_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "ground_truth.jsonl").write_text(content, "utf-8")
    with pytest.raises(InvalidRequest):
        read_cases(tmp_path)
