"""Weights in fewer bits: what they weigh, what still comes out, and that they can travel."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import nn

import models.quantisation
from models.catalog import Checkpoint
from models.errors import CheckpointError
from models.masters import HostMaster
from models.quantisation import pack, packed, scales_as_buffers
from models.roles.llm import LanguageModel, Sampling
from models.roles.vlm import VisionLanguageModel
from tests.fixtures import tiny, tiny_vlm
from tests.models.conftest import CPU, entry

LLM = entry("tiny-llm", "llm", "models.roles.llm:LanguageModel", defaults={"context_tokens": 512})
VLM = entry(
    "tiny-vlm", "vlm", "models.roles.vlm:VisionLanguageModel", defaults={"context_tokens": 96}
)
SIZES = {"hidden_size": 128, "intermediate_size": 256, "head_dim": 32, "initializer_range": 0.1}


class Blocks(nn.Module):
    """Two blocks that are packed, and around them what is not."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(300, 96)
        self.layers = nn.ModuleList(nn.Linear(96, 96, bias=i == 0) for i in range(2))
        self.visual = nn.ModuleList([nn.Linear(96, 96)])
        self.head = nn.Linear(96, 300)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        hidden = self.embedding(tokens)
        for layer in (*self.layers, *self.visual):
            hidden = hidden + layer(hidden)
        logits: torch.Tensor = self.head(hidden)
        return logits


def ready(scheme: Any) -> Blocks:
    model = Blocks().train(mode=False).requires_grad_(requires_grad=False)
    pack(model, scheme)
    model.to(CPU)
    scales_as_buffers(model)
    for layer in model.modules():
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            layer.support_avx512bf16_for_cpu = False  # the first call would lay it out anew
    return model


def held_bytes(model: nn.Module) -> int:
    """Bytes of all distinct memory behind parameters and buffers."""
    tensors = [*model.parameters(), *model.buffers()]
    return sum({t.data_ptr(): t.nbytes for t in tensors if t.numel()}.values())


def with_scheme(checkpoint: Checkpoint, scheme: str) -> Checkpoint:
    return Checkpoint.model_validate({**checkpoint.model_dump(), "quantisation": scheme})


@pytest.mark.parametrize("scheme", ["4bit", "8bit", "fp8"])
def test_what_packing_changes_is_known_beforehand_to_the_byte(scheme: Any) -> None:
    plain = Blocks()
    with torch.device("meta"):
        change = packed(Blocks(), scheme)
    assert change is not None
    before = sum(p.nbytes for p in plain.parameters())
    assert held_bytes(ready(scheme)) == before - 4 * change.parameters + change.bytes


@pytest.mark.parametrize(("scheme", "least"), [("4bit", 0.98), ("8bit", 0.9999), ("fp8", 0.995)])
def test_what_comes_out_stays_close(scheme: Any, least: float) -> None:
    tokens = torch.arange(40)[None]
    with torch.inference_mode():
        plain, less = Blocks()(tokens), ready(scheme)(tokens)
    likeness = torch.cosine_similarity(plain.flatten(), less.flatten(), dim=0)
    assert least < likeness < 0.9999999


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("scheme", ["4bit", "8bit", "fp8"])
def test_weights_in_half_precision_are_packed_too(scheme: Any, dtype: torch.dtype) -> None:
    """As for a card: they are packed on the host, before they go up."""
    tokens, model = torch.arange(40)[None], Blocks().to(dtype).train(mode=False)
    pack(model, scheme)
    model.to(CPU)
    scales_as_buffers(model)
    with torch.inference_mode():
        plain, less = Blocks()(tokens), model(tokens).float()
    assert torch.cosine_similarity(plain.flatten(), less.flatten(), dim=0) > 0.97


@pytest.mark.parametrize("scheme", ["4bit", "8bit", "fp8"])
def test_embeddings_heads_and_vision_towers_stay_as_they_are(scheme: Any) -> None:
    model, plain = ready(scheme), Blocks()
    for name in ("embedding.weight", "head.weight", "visual.0.weight"):
        assert torch.equal(model.get_parameter(name), plain.get_parameter(name))
    assert model.get_parameter("layers.0.weight").dtype != torch.float32


@pytest.mark.parametrize("scheme", ["4bit", "8bit", "fp8"])
def test_packed_weights_travel_between_host_and_device_whole(scheme: Any) -> None:
    tokens, model = torch.arange(40)[None], ready(scheme)
    with torch.inference_mode():
        expected = model(tokens)
        master = HostMaster([model], pin=False)
        for move in (lambda: master.up(CPU), master.down, lambda: master.up(CPU)):
            move()
            everything = [*model.parameters(), *model.buffers()]
            assert torch.equal(model(tokens), expected)
    assert held_bytes(model) <= master.bytes
    assert len({t.data_ptr() for t in everything}) > 5


def test_nothing_outside_parameters_and_buffers_is_left_behind() -> None:
    """All tensors that a packed layer reaches move when its parameters and buffers do."""
    for scheme in ("4bit", "8bit"):
        model = ready(scheme)
        master = HostMaster([model], pin=False)
        master.up(CPU)
        moved = {t.data_ptr() for t in (*model.parameters(), *model.buffers())}
        for layer in model.layers:
            state = layer.weight.quant_state if scheme == "4bit" else layer.state
            parts = [state, *([state.state2] if scheme == "4bit" else [])]
            tensors = [t for p in parts for t in vars(p).values() if isinstance(t, torch.Tensor)]
            assert len(tensors) >= 2
            assert all(t.data_ptr() in moved for t in tensors)


@pytest.mark.parametrize("scheme", ["4bit", "8bit"])
def test_a_language_model_is_loaded_packed_and_its_bytes_are_exact(
    tmp_path: Path, scheme: str
) -> None:
    path = tiny.write_llm(tmp_path / "llm", **SIZES)
    checkpoint = with_scheme(LLM, scheme)
    llm = LanguageModel.load(path, checkpoint, CPU)
    plain = LanguageModel.load(path, LLM, CPU)
    cache = 512 * 2 * 2 * 2 * 32 * 4  # tokens, keys and values, layers, heads, width, bytes
    frequencies = sum(b.nbytes for name, b in llm.modules()[0].named_buffers() if "freq" in name)
    assert llm.bytes == held_bytes(llm.modules()[0]) - frequencies + cache
    assert llm.bytes < 0.75 * plain.bytes
    tokens = list(llm.generate(range(10, 60), Sampling(max_new_tokens=12)))
    assert len(tokens) == 12


def test_eight_bits_choose_the_tokens_of_the_whole_weights(tmp_path: Path) -> None:
    path = tiny.write_llm(tmp_path / "llm", **SIZES)
    chosen = [
        list(LanguageModel.load(path, c, CPU).generate(range(10, 60), Sampling(max_new_tokens=8)))
        for c in (LLM, with_scheme(LLM, "8bit"))
    ]
    assert chosen[0] == chosen[1]


@pytest.mark.parametrize("scheme", ["4bit", "8bit"])
def test_a_model_that_sees_answers_packed(tmp_path: Path, scheme: str) -> None:
    path = tiny_vlm.write_vlm(tmp_path / "vlm")
    checkpoint = with_scheme(VLM, scheme)
    vlm = VisionLanguageModel.load(path, checkpoint, CPU)
    assert vlm.bytes < VisionLanguageModel.load(path, VLM, CPU).bytes
    assert vlm.answer(Image.new("RGB", (64, 64), "red"), "what?")


def test_packed_layers_say_nothing_while_they_work(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tiny.write_llm(tmp_path / "llm", **SIZES)
    llm = LanguageModel.load(path, with_scheme(LLM, "8bit"), CPU)
    list(llm.generate(range(10, 60), Sampling(max_new_tokens=2)))
    assert not [record for record in caplog.records if record.name.startswith("bitsandbytes")]


def test_without_bitsandbytes_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models.quantisation, "find_spec", lambda _: None)
    with pytest.raises(CheckpointError, match="uv sync --extra gpu"):
        pack(Blocks(), "4bit")
