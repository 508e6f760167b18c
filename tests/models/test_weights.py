"""Bytes and formats read from safetensors headers."""

import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from models.dtypes import CPU_BFLOAT16_FROM_BYTES, with_dtype
from models.errors import CheckpointBroken
from models.roles.llm import LanguageModel
from models.weights import fingerprint, tensor_bytes
from tests.models.conftest import CPU, entry

ENTRY = entry("x", "llm", "models.roles.llm:LanguageModel")


def test_floats_count_in_the_format_they_are_cast_to_and_the_rest_as_they_are(
    tmp_path: Path,
) -> None:
    tensors = {"a": torch.zeros(3, 5), "b": torch.zeros(7, dtype=torch.bfloat16)}
    save_file(tensors, tmp_path / "one.safetensors")
    save_file({"c": torch.zeros(2, dtype=torch.int64)}, tmp_path / "two.safetensors")
    assert tensor_bytes(tmp_path, torch.float32) == 22 * 4 + 16
    assert tensor_bytes(tmp_path, torch.float16) == 22 * 2 + 16


def test_the_bytes_of_a_model_are_those_of_its_parameters(data_dir: Path) -> None:
    path = data_dir / "checkpoints" / "tiny-llm"
    model = LanguageModel.load(path, ENTRY, CPU)._model
    assert model is not None
    held = sum(p.numel() * p.element_size() for p in model.parameters())
    assert tensor_bytes(path, torch.float32) == held


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x01",
        struct.pack("<Q", 2**60),
        struct.pack("<Q", 4) + b"[1]\n",
        struct.pack("<Q", 12) + b'{"a":{"b":1}}',
        struct.pack("<Q", 36) + b'{"a":{"dtype":"Q3","shape":[1,2,3]}}',
    ],
)
def test_a_damaged_header_is_broken(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "one.safetensors").write_bytes(content)
    with pytest.raises(CheckpointBroken):
        tensor_bytes(tmp_path, torch.float32)


def test_a_folder_without_weights_is_broken(tmp_path: Path) -> None:
    with pytest.raises(CheckpointBroken, match="safetensors"):
        tensor_bytes(tmp_path, torch.float32)


def test_the_fingerprint_follows_the_content(tmp_path: Path) -> None:
    marks = []
    for value in (1.0, 2.0, 1.0):
        save_file({"a": torch.full((4,), value)}, tmp_path / "one.safetensors")
        marks.append(fingerprint(tmp_path))
    assert marks[0] == marks[2] != marks[1]
    assert len(marks[0]) == 12


def test_auto_is_float32_for_a_small_model_on_a_cpu_and_what_is_named_stays(
    data_dir: Path,
) -> None:
    path = data_dir / "checkpoints" / "tiny-llm"
    assert with_dtype(ENTRY, path, CPU).dtype == "float32"
    named = ENTRY.model_copy(update={"dtype": "bfloat16"})
    assert with_dtype(named, path, CPU).dtype == "bfloat16"


def test_auto_is_bfloat16_for_a_large_model_on_a_cpu_that_computes_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = f"[{CPU_BFLOAT16_FROM_BYTES // 4}]"
    header = b'{"a":{"dtype":"F32","shape":%s,"data_offsets":[0,0]}}' % shape.encode()
    (tmp_path / "one.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    assert with_dtype(ENTRY, tmp_path, CPU).dtype == "bfloat16"
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    assert with_dtype(ENTRY, tmp_path, CPU).dtype == "float32"
