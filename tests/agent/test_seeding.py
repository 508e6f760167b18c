"""A seed that a person names is the seed, and is not drawn."""

import pytest

from agent.seeding import seeded
from tests.agent.calls import arguments_after
from tools.registry import schemas


def told(question: str, name: str, **arguments: object) -> dict[str, object]:
    return arguments_after(seeded(question, list(schemas().values())), name, **arguments)


@pytest.mark.parametrize(
    ("question", "prompt", "drawn", "seed"),
    [
        ("种子用7，江边的灯塔，水彩风", "种子用7，江边的灯塔，水彩风", "江边的灯塔，水彩风", 7),
        ("seed固定42，雪山脚下的木屋", "固定42，雪山脚下的木屋", "雪山脚下的木屋", 42),
        ("Seed 2024 画个雪人", "雪人", "雪人", 2024),
        ("画三只猫，随机种子=5", "三只猫", "三只猫", 5),
        ("用种子9画5只鸭子，湖边", "5只鸭子，湖边", "5只鸭子，湖边", 9),
        ("画一片向日葵，种子 3", "向日葵，种子 3", "向日葵，种子 3", 3),
    ],
)
def test_the_seed_is_taken_out_of_the_words(
    question: str, prompt: str, drawn: str, seed: int
) -> None:
    assert told(question, "generate_image", prompt=prompt) == {"prompt": drawn, "seed": seed}


def test_a_seed_that_the_call_has_stays() -> None:
    assert told("种子7，一只猫", "generate_image", prompt="一只猫", seed=8)["seed"] == 8


def test_a_change_has_a_seed_as_well() -> None:
    given = {"image": "img-1", "instruction": "改成秋天"}
    assert told("改成秋天，种子 3", "edit_image", **given) == {**given, "seed": 3}


@pytest.mark.parametrize(
    "question", ["画一颗种子", "画三粒种子", "画42只猫", "向日葵的种子有 3 粒"]
)
def test_without_a_named_seed_nothing_changes(question: str) -> None:
    assert told(question, "generate_image", prompt="种子") == {"prompt": "种子"}


def test_tools_without_a_seed_are_left_alone() -> None:
    assert told("种子用7，找灯塔", "search_images", query="灯塔") == {"query": "灯塔"}
