"""Checkpoints that leave the device and come back, from host memory where there is room there."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.catalog import Catalog, Profile
from models.residency import Residency
from models.roles.llm import LanguageModel, Sampling

MIB = 2**20


@pytest.fixture
def open_residency(
    catalog: Catalog, profile: Profile, data_dir: Path
) -> Iterator[Callable[..., Residency]]:
    opened: list[Residency] = []

    def make(**options: float) -> Residency:
        made = Residency(
            catalog,
            profile,
            device=torch.device("cpu"),
            data_dir=data_dir,
            **{"budget_bytes": 64 * MIB, **options},  # type: ignore[arg-type]
        )
        opened.append(made)
        return made

    yield make
    for residency in opened:
        residency.close()


def answer(residency: Residency, question: str) -> tuple[list[int], int]:
    """The tokens of a deterministic answer, and how many of the prompt's came from a cache."""
    with residency.lease("llm") as llm:
        prompt = llm.render([{"role": "user", "content": question}], [])
        tokens = list(llm.generate(prompt, Sampling(max_new_tokens=12)))
        return tokens, llm.last.reused_tokens


def embedding(residency: Residency) -> np.ndarray:
    with residency.lease("clip") as clip:
        return clip.embed_images([Image.new("RGB", (40, 40), "teal")])


def history(residency: Residency) -> list[tuple[str, str]]:
    return [(swap.checkpoint, swap.way) for swap in residency.state().history]


def tight(residency: Residency) -> int:
    """A budget that the language model and CLIP do not fit together."""
    with residency.lease("llm"), residency.lease("clip"):
        return residency.state().used_bytes - 1


def test_weights_that_wait_on_the_host_come_back_by_a_copy(
    open_residency: Callable[..., Residency],
) -> None:
    budget = tight(open_residency())
    residency = open_residency(budget_bytes=budget, host_bytes=64 * MIB)
    first, vectors = answer(residency, "你好"), embedding(residency)
    assert [p.checkpoint for p in residency.state().parked] == ["tiny-llm"]
    assert answer(residency, "你好")[0] == first[0]
    np.testing.assert_array_equal(embedding(residency), vectors)
    assert history(residency) == [
        ("tiny-llm", "disk"),
        ("tiny-llm", "evicted"),
        ("tiny-clip", "disk"),
        ("tiny-clip", "evicted"),
        ("tiny-llm", "host"),
        ("tiny-llm", "evicted"),
        ("tiny-clip", "host"),
    ]


def test_keys_and_values_wait_with_the_weights(open_residency: Callable[..., Residency]) -> None:
    budget = tight(open_residency())
    residency = open_residency(budget_bytes=budget, host_bytes=64 * MIB)
    question = "帮我找几张有拱桥的图，再说说你看到了什么"
    tokens, _ = answer(residency, question)
    embedding(residency)
    again, reused = answer(residency, question)
    assert again == tokens
    assert reused > 16


def test_without_room_on_the_host_a_checkpoint_is_read_again(
    open_residency: Callable[..., Residency],
) -> None:
    budget = tight(open_residency())
    residency = open_residency(budget_bytes=budget)
    first = answer(residency, "你好")[0]
    embedding(residency)
    assert answer(residency, "你好") == (first, 0)
    assert residency.state().parked == ()
    assert [way for _, way in history(residency)].count("disk") == 3


def test_what_nobody_uses_leaves_by_itself(open_residency: Callable[..., Residency]) -> None:
    residency = open_residency(idle_seconds=0.2)
    answer(residency, "你好")
    with residency.lease("clip"):
        deadline = time.monotonic() + 10
        while any(r.role == "llm" for r in residency.state().residents):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert [r.role for r in residency.state().residents] == ["clip"]
    assert ("tiny-llm", "idle") in history(residency)
    assert answer(residency, "你好")[0]


def test_what_is_foreseen_is_there_before_it_is_leased(
    open_residency: Callable[..., Residency],
) -> None:
    budget = tight(open_residency())
    residency = open_residency(budget_bytes=budget, host_bytes=64 * MIB)
    answer(residency, "你好")
    embedding(residency)
    residency.prefetch("llm")
    deadline = time.monotonic() + 10
    while [r.role for r in residency.state().residents] != ["llm"]:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_foreseeing_never_takes_from_who_works_and_never_fails(
    open_residency: Callable[..., Residency],
) -> None:
    budget = tight(open_residency())
    residency = open_residency(budget_bytes=budget, host_bytes=64 * MIB)
    answer(residency, "你好")
    with residency.lease("clip") as clip:
        for role in ("llm", "vlm", "tts", "no such role"):
            residency.prefetch(role)
        assert clip.embed_texts(["桥"]).shape[0] == 1
        assert [r.role for r in residency.state().residents] == ["clip"]


def test_a_parked_language_model_holds_nothing_on_the_device(llm: LanguageModel) -> None:
    prompt = llm.render([{"role": "user", "content": "你好，请说说这里有什么"}], [])
    list(llm.generate(prompt, Sampling(max_new_tokens=4)))
    llm._seats.kept.move(torch.device("meta"))
    assert {layer._keys.device.type for held in llm._seats.kept._held for layer in held.layers} == {
        "meta"
    }
