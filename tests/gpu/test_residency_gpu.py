"""Leases on a real card: under a hard cap, with checkpoints that take turns."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from models.catalog import Catalog, Profile
from models.errors import OutOfMemory
from models.residency import Residency
from models.roles.llm import Sampling
from tests.fixtures import tiny
from tests.models.conftest import entry

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
MIB = 2**20
LARGE = {"hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 12}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    tiny.write_llm(root / "checkpoints" / "first", **LARGE)
    tiny.write_llm(root / "checkpoints" / "second", seed=1, **LARGE)
    return root


@pytest.fixture
def residency(folder: Path) -> Iterator[Residency]:
    catalog = Catalog(
        [
            entry("first", "llm", "models.roles.llm:LanguageModel"),
            entry("second", "vlm", "models.roles.llm:LanguageModel"),
        ]
    )
    profile = Profile.model_validate(
        {
            "name": "card",
            "budget_bytes": 1,
            "roles": {"llm": "first", "vlm": "second"},
            "note": {"zh": "卡", "en": "card"},
        }
    )
    card = torch.device("cuda")
    with_both = Residency(catalog, profile, device=card, budget_bytes=2**34, data_dir=folder)
    with with_both.lease("llm"), with_both.lease("vlm"):
        budget = with_both.state().used_bytes - 1
    with_both.close()
    made = Residency(
        catalog, profile, device=card, budget_bytes=budget, host_bytes=2**34, data_dir=folder
    )
    yield made
    made.close()


def answer(residency: Residency, role: str) -> list[int]:
    with residency.lease(role) as llm:
        prompt = llm.render([{"role": "user", "content": "你好，请说说这里有什么"}], [])
        return list(llm.generate(prompt, Sampling(max_new_tokens=16)))


def test_two_checkpoints_take_turns_by_copies_and_answer_the_same(residency: Residency) -> None:
    first, second = answer(residency, "llm"), answer(residency, "vlm")
    for _ in range(3):
        assert answer(residency, "llm") == first
        assert answer(residency, "vlm") == second
    ways = [swap.way for swap in residency.state().history]
    assert ways.count("disk") == 2
    assert ways.count("host") == 6


def test_what_leaves_the_card_gives_its_bytes_back(residency: Residency) -> None:
    before = torch.cuda.memory_allocated()
    answer(residency, "llm")
    answer(residency, "vlm")
    residency._drop_idle(0.0)
    assert torch.cuda.memory_allocated() - before < MIB


def test_a_card_that_is_full_gives_a_typed_error_and_goes_on_after(residency: Residency) -> None:
    answer(residency, "llm")
    residency._drop_idle(0.0)
    torch.cuda.set_per_process_memory_fraction(1e-4)
    try:
        with pytest.raises(OutOfMemory):
            answer(residency, "llm")
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert answer(residency, "llm")


def test_a_measured_peak_is_remembered_for_the_card(residency: Residency, folder: Path) -> None:
    with residency.lease("llm", size=4096) as llm:
        llm._model.extra = torch.empty(256 * MIB, dtype=torch.uint8, device="cuda")
        del llm._model.extra
    assert torch.cuda.get_device_name() in (folder / "peaks.json").read_text("utf-8")
