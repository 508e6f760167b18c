"""Drawings read by what the starter that sees says of them."""

from random import Random

from PIL import Image

from evaluation.describer import QUESTION, Describer
from evaluation.facts import judged
from training.world.captions import scene_facts
from training.world.phrases import TRAIN
from training.world.questions import ask
from training.world.scene import sample_scene


class Says:
    """Stands for the model: says what is true of one scene, to the question it is asked."""

    def __init__(self, seed: int) -> None:
        self.scene = sample_scene(seed)
        self.questions: list[str] = []

    def answer(self, _: Image.Image, question: str) -> str:
        self.questions.append(question)
        exchanges = ask(self.scene, Random(0), TRAIN)
        return next(e.answer for e in exchanges if e.topic == "describe")


def test_what_a_description_states_is_what_is_seen() -> None:
    model = Says(5)
    pictures = (Image.new("RGB", (256, 256)) for _ in range(2))
    first, second = Describer(model).read(pictures)
    assert first == second == judged(scene_facts(model.scene))
    assert model.questions == [QUESTION] * 2
