"""The mean of two runs' weights."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from training.average import average


def run(folder: Path, value: float, size: int = 3) -> Path:
    (folder / "part").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    weights = {"a": torch.full((size,), value, dtype=torch.float16)}
    save_file(weights, folder / "part" / "model.safetensors")
    return folder


def test_every_tensor_is_the_mean_in_its_own_number_format(tmp_path: Path) -> None:
    out = tmp_path / "out"
    average(run(tmp_path / "one", 1.0), run(tmp_path / "other", 2.0), out)
    found = load_file(out / "part" / "model.safetensors")["a"]
    assert found.dtype == torch.float16
    assert found.tolist() == [1.5] * 3
    assert (out / "config.json").read_text() == "{}"


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="other tensors"):
        average(run(tmp_path / "one", 1.0), run(tmp_path / "other", 2.0, 4), tmp_path / "out")
