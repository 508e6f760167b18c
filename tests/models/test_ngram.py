"""The n-gram model of characters: probabilities that add up, and texts that are likelier."""

from math import exp
from pathlib import Path

import pytest
from safetensors.numpy import save_file

from models.decoding.ngram import END, ORDER, START, NgramModel
from models.errors import CheckpointBroken
from training.asr.ngrams import named, tables

TEXTS = ["画一座桥", "画一只猫", "画两只猫", "找一座桥"]


@pytest.fixture(scope="module")
def model() -> NgramModel:
    return NgramModel(tables(TEXTS))


def test_what_was_said_is_likelier_than_what_sounds_like_it(model: NgramModel) -> None:
    assert model.logprob("画一座桥") > model.logprob("话一座桥")
    assert model.logprob("画一只猫") > model.logprob("画一只毛")
    assert model.logprob("") < 0


@pytest.mark.parametrize("context", [START * 2, "画一", "一座", "山水", START + "画"])
def test_probabilities_after_any_context_add_up(model: NgramModel, context: str) -> None:
    """Over what was seen anywhere; what was never seen keeps the rest."""
    known = {character for text in TEXTS for character in text} | {END}
    total = sum(exp(model._after(context[-ORDER + 1 :], character)) for character in known)
    assert 0.6 < total < 1.001


def test_a_context_that_was_met_counts(model: NgramModel) -> None:
    assert model._after("一座", "桥") > model._after("一只", "桥")


def test_it_survives_being_written(model: NgramModel, tmp_path: Path) -> None:
    save_file(named(tables(TEXTS)), tmp_path / "n.safetensors")
    again = NgramModel.load(tmp_path / "n.safetensors")
    assert again.logprob("画两座桥") == model.logprob("画两座桥")


@pytest.mark.parametrize("content", [b"", b"no safetensors", b"\x02\0\0\0\0\0\0\0{}"])
def test_a_broken_file_is_the_checkpoints_fault(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "n.safetensors").write_bytes(content)
    with pytest.raises(CheckpointBroken):
        NgramModel.load(tmp_path / "n.safetensors")
