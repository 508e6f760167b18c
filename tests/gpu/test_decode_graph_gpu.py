"""Decoding by a recorded pass on a real card. Run with `pytest -n 0 -m gpu tests/gpu`."""

import threading
from pathlib import Path

import pytest
import torch

from models.masters import HostMaster
from models.roles.llm import LanguageModel, Sampling
from tests.fixtures import tiny
from tests.models.conftest import entry

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
CARD = torch.device("cuda")
GREEDY = Sampling(max_new_tokens=40)
PROMPT = [7 + i * 31 % 250 for i in range(300)]


def loaded(folder: Path, device: torch.device, *, graph: bool) -> LanguageModel:
    checkpoint = entry("llm", "llm", "models.roles.llm:LanguageModel")
    defaults = {"context_tokens": 2048, "decode_graph": graph}
    return LanguageModel.load(folder, checkpoint.model_copy(update={"defaults": defaults}), device)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny.write_llm(tmp_path / "llm")


def is_recorded(llm: LanguageModel) -> bool:
    recorder = llm._seats._recorder
    return recorder is not None and recorder._slot is not None and recorder._slot._graph is not None


def test_the_recorded_pass_says_what_the_plain_one_says(folder: Path) -> None:
    plain, recorded = (loaded(folder, CARD, graph=graph) for graph in (False, True))
    for length in (5, 40, 300):
        expected = list(plain.generate(PROMPT[:length], GREEDY))
        assert list(recorded.generate(PROMPT[:length], GREEDY)) == expected
    assert is_recorded(recorded)
    assert not is_recorded(plain)


def test_weights_that_were_away_are_recorded_anew(folder: Path) -> None:
    llm = loaded(folder, torch.device("cpu"), graph=True)
    master = HostMaster(llm.modules(), pin=True)
    master.up(CARD)
    expected = list(llm.generate(PROMPT, GREEDY))
    for _ in range(3):
        master.down()
        llm.park()
        between = torch.zeros(2**24, device=CARD)  # takes what the weights had
        master.up(CARD)
        assert list(llm.generate(PROMPT, GREEDY)) == expected
        assert is_recorded(llm)
        del between
    llm.release()
    master.close()


def test_copies_for_other_checkpoints_do_not_spoil_a_recording(folder: Path) -> None:
    llm = loaded(folder, CARD, graph=True)
    stop, stream = threading.Event(), torch.cuda.Stream()
    pinned = torch.empty(2**24, pin_memory=True)

    def copy() -> None:
        while not stop.is_set():
            with torch.cuda.stream(stream):
                pinned.to(CARD, non_blocking=True)

    copying = threading.Thread(target=copy)
    copying.start()
    try:
        for length in (50, 1200):  # the second needs a longer slot
            assert list(llm.generate((PROMPT * 4)[:length], GREEDY))
            assert is_recorded(llm)
    finally:
        stop.set()
        copying.join()


def test_a_recording_gives_its_memory_back(folder: Path) -> None:
    llm = loaded(folder, CARD, graph=True)
    list(llm.generate(PROMPT, GREEDY))
    assert is_recorded(llm)
    llm.release()
    del llm
    torch.cuda.empty_cache()
    assert torch.cuda.memory_allocated() < 2**20
