"""`duomo eval clip`: figures of known similarities, on scenes and on a folder of pictures."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluation.clip import evaluate_clip, evaluate_world
from evaluation.photo_captions import read_captions
from evaluation.retrieval_figures import both_ways, precision, recalls
from models.errors import InvalidRequest, NotFound

_COLORS = {"红": (255, 0, 0), "绿": (0, 255, 0), "蓝": (0, 0, 255)}


class ColorEmbedder:
    """Knows three colours: a picture by its mean, a sentence by its first colour word."""

    def embed_images(self, images: list[Image.Image]) -> np.ndarray:
        means = [np.asarray(image.convert("RGB"), np.float32).mean(axis=(0, 1)) for image in images]
        return _unit(np.stack(means))

    def embed_texts(self, texts: list[str]) -> np.ndarray:
        rows = [next((c for word, c in _COLORS.items() if word in t), (1, 1, 1)) for t in texts]
        return _unit(np.asarray(rows, np.float32))


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = []
    for word, color in _COLORS.items():
        Image.new("RGB", (32, 24), color).save(tmp_path / f"{word}.png")
        captions = [f"{word}色的图", f"一片{word}"]
        lines.append(json.dumps({"id": word, "image": f"{word}.png", "captions_zh": captions}))
    (tmp_path / "captions.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return tmp_path


def test_recall_counts_rows_whose_own_column_is_among_the_best() -> None:
    similarity = np.asarray([[0.9, 0.1, 0.0], [0.8, 0.7, 0.0], [0.5, 0.6, 0.4]], np.float32)
    found = recalls(similarity, np.eye(3, dtype=bool))
    assert found == {1: pytest.approx(1 / 3), 5: 1.0, 10: 1.0}


def test_precision_is_the_share_of_relevant_ones_among_the_best() -> None:
    similarity = np.asarray([[0.9, 0.8, 0.1, 0.0]], np.float32)
    relevant = np.asarray([[True, False, True, True]])
    assert precision(similarity, relevant, 2) == 0.5


def test_an_image_is_found_by_any_of_its_texts() -> None:
    similarity = np.asarray([[0.9, 0.1], [0.2, 0.5], [0.3, 0.4]], np.float32)
    figures = both_ways(similarity, owner=[0, 0, 1])
    assert figures["r1"] == pytest.approx(2 / 3)
    assert figures["r1_image_to_text"] == 0.5
    assert set(figures) == {f"r{k}{way}" for k in (1, 5, 10) for way in ("", "_image_to_text")}


def test_photos_are_found_by_sentences_that_fit(folder: Path) -> None:
    figures = evaluate_clip(ColorEmbedder(), folder).figures
    assert figures["r1"] == figures["r1_image_to_text"] == 1.0
    assert (figures["pictures"], figures["texts"]) == (3, 6)


def test_an_embedder_that_knows_nothing_scores_near_chance_on_scenes() -> None:
    report = evaluate_world(ColorEmbedder(), range(16))
    assert report.figures["r1"] < 0.5
    assert report.figures["pictures"] == 16
    assert sum(row[1] for row in report.tables[0].rows) == 16


def test_a_folder_without_captions_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"captions\.jsonl"):
        read_captions(tmp_path)


@pytest.mark.parametrize(
    "line",
    ["not json", "[]", '{"image": "a.png"}', '{"image": "../a.png", "captions_zh": ["一"]}',
     '{"image": "a.png", "captions_zh": []}'],
)  # fmt: skip
def test_a_broken_line_is_refused_by_its_number(tmp_path: Path, line: str) -> None:
    (tmp_path / "captions.jsonl").write_text(line, "utf-8")
    with pytest.raises(InvalidRequest, match="1"):
        read_captions(tmp_path)


def test_a_picture_that_is_not_there_is_named(tmp_path: Path) -> None:
    row = {"image": "gone.png", "captions_zh": ["一只猫"]}
    (tmp_path / "captions.jsonl").write_text(json.dumps(row), "utf-8")
    with pytest.raises(NotFound, match=r"gone\.png"):
        evaluate_clip(ColorEmbedder(), tmp_path)
