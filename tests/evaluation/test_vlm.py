"""Figures that can be known beforehand: of whoever knows everything, nothing, or one thing."""

import numpy as np
import pytest
from PIL import Image

from evaluation import vlm as module
from evaluation.vlm import evaluate_vlm, f1, held_out_questions
from training.world.descriptions import STYLE_WORDS, describe, describe_briefly
from training.world.questions import TOPICS
from training.world.scene import sample_scene


class Oracle:
    """Knows every held-out question and its answer, by the picture and the words."""

    def __init__(self, count: int) -> None:
        self.known = {
            (_key(module.picture(item.scene)), item.exchange.question): item.exchange.answer
            for item in held_out_questions(count)
        }

    def answer(self, image: Image.Image, question: str) -> str:
        return self.known.get((_key(image), question), "不知道。")


def _key(image: Image.Image) -> bytes:
    return np.asarray(image).tobytes()


@pytest.fixture(autouse=True)
def small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PIXELS", 64)


def test_whoever_knows_everything_is_right_to_the_letter() -> None:
    report = evaluate_vlm(Oracle(20), 20, 1)
    assert report.figures["exact"] == report.figures["exact_worst_type"] == 1
    assert report.figures["questions"] == 20
    assert report.figures["caption_f1"] == 0


def test_one_topic_known_shows_in_its_row_alone() -> None:
    class Half(Oracle):
        def answer(self, image: Image.Image, question: str) -> str:
            said = super().answer(image, question)
            return said if said.rstrip("。") in STYLE_WORDS.values() else "不知道。"

    report = evaluate_vlm(Half(28), 28, 1)
    shares = {row[0]: row[2] for row in report.tables[0].rows}
    assert shares.pop("style") == 1
    assert set(shares.values()) == {0}
    assert report.figures["exact_worst_type"] == 0
    assert 0 < report.figures["exact"] < 0.5


def test_two_thousand_questions_cover_every_topic_evenly() -> None:
    asked = held_out_questions(2_000)
    counts = {topic: sum(i.exchange.topic == topic for i in asked) for topic in TOPICS}
    assert len(asked) == 2_000
    assert len({item.scene.seed for item in asked}) == 1_000
    assert counts["describe"] == counts["brief"] == 0
    rest = [n for topic, n in counts.items() if topic not in ("describe", "brief", "text")]
    assert min(rest) > 100
    assert max(rest) - min(rest) <= 2
    assert counts["text"] > 50


def test_descriptions_count_by_the_facts_they_state() -> None:
    class Describer:
        def answer(self, image: Image.Image, question: str) -> str:
            scene = sample_scene(0)
            brief = "一句" in question or "一句话" in question
            return (describe_briefly if brief else describe)(scene).text

    figures = evaluate_vlm(Describer(), 1, 1).figures
    assert figures["caption_f1"] == 1
    assert figures["brief_f1"] == 1


def test_f1_is_of_all_facts_together() -> None:
    said = [frozenset("ab"), frozenset("c")]
    true = [frozenset("a"), frozenset("cd")]
    assert f1(said, true) == pytest.approx(2 * 2 / 6)
    assert f1([frozenset()], [frozenset("a")]) == 0
