"""Weights in fewer bits, so that a larger checkpoint fits a smaller card.

    8bit   LLM.int8() (Dettmers et al. 2022), bitsandbytes
    4bit   NF4 with doubly quantised scales (QLoRA, Dettmers et al. 2023), bitsandbytes
    fp8    stored as float8_e4m3fn and cast up layer by layer, diffusers; for drawing only, as its
           weights have no scales, and a language model's are too small for that

Packed are the linear layers of repeated blocks, where nearly all weights are. Embeddings, output
heads and vision towers stay as they are: they are few, and lose most. Packing saves memory,
not time: on one thread of a CPU without AVX-512 a Qwen3-0.6B decodes 5.6 tokens/s in 2.6 GB whole,
1.9 in 1.3 GB in 8 bits and 2.4 in 1.1 GB in 4 bits; it reads prompts nearly as fast.
"""

import logging
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import torch
from torch import nn

from models.catalog import Packed, Quantisation
from models.errors import CheckpointError

_WHOLE = {"visual", "vision_tower"}  # parts of a model that are never packed
_BLOCK, _NESTED_BLOCK = 64, 256  # elements that share a scale; scales that share one
_TABLES_BYTES = 4 * (16 + 256) + 4  # of every 4-bit layer: two codebooks and the scales' mean
_OUTLIER = 6.0  # activations beyond this are multiplied unpacked; LLM.int8()'s own threshold


def on_device(model: nn.Module, scheme: Quantisation | None, device: torch.device) -> None:
    """Take `model`, loaded on the CPU, to `device`, packed where `scheme` says so, for inference.

    Raises CheckpointError when bitsandbytes is needed and not installed.
    """
    model.train(mode=False).requires_grad_(requires_grad=False)
    if scheme is not None:
        pack(model, scheme)
    model.to(device)
    scales_as_buffers(model)


def pack(model: nn.Module, scheme: Quantisation) -> None:
    """Prepare `model`, on the CPU, in place: the next `.to(device)` packs its linear layers there.

    Raises CheckpointError when bitsandbytes is needed and not installed.
    """
    dtype = next(p.dtype for p in model.parameters() if p.is_floating_point())
    if scheme == "fp8":
        _store_in_float8(model, dtype)
        return
    if find_spec("bitsandbytes") is None:
        raise _not_installed(scheme)
    make = _eight_bits if scheme == "8bit" else _four_bits
    for name, layer in list(_linears(model)):
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, make(layer, dtype))


def scales_as_buffers(model: nn.Module) -> None:
    """Once packed: what bitsandbytes keeps beside a layer's parameters becomes its buffers.

    Whoever moves weights by hand (models/masters.py) then moves all of them.
    """
    for layer in model.modules():
        for name, tensor in _scales(layer).items():
            layer.register_buffer(name, tensor, persistent=False)


def packed(model: nn.Module, scheme: Quantisation) -> Packed | None:
    """What packing `model` changes; it may be on the meta device. None when nothing is packed."""
    layers = [layer for _, layer in _linears(model)]
    if not layers:
        return None
    if scheme == "fp8":
        count = sum(p.numel() for layer in layers for p in layer.parameters())
        return Packed(parameters=count, bytes=count)
    count = sum(layer.weight.numel() for layer in layers)
    return Packed(parameters=count, bytes=sum(_packed_bytes(layer, scheme) for layer in layers))


def _packed_bytes(layer: nn.Linear, scheme: Quantisation) -> int:
    count = layer.weight.numel()
    if scheme == "8bit":
        return count + 4 * layer.out_features  # a float32 scale for each row
    scales = -(-count // _BLOCK)
    return -(-count // 2) + scales + 4 * -(-scales // _NESTED_BLOCK) + _TABLES_BYTES


def _linears(model: nn.Module) -> Iterator[tuple[str, nn.Linear]]:
    """The linear layers of repeated blocks, with their names."""
    lists = [name for name, part in model.named_modules() if isinstance(part, nn.ModuleList)]
    blocks = tuple(f"{name}." for name in lists if not _WHOLE & set(name.split(".")))
    for name, layer in model.named_modules():
        if type(layer) is nn.Linear and name.startswith(blocks):
            yield name, layer


def _four_bits(layer: nn.Linear, dtype: torch.dtype) -> nn.Module:
    bnb = _bitsandbytes()
    new: Any = bnb.Linear4bit(*_shape(layer), compute_dtype=dtype, quant_type="nf4", device="meta")
    new.weight = bnb.Params4bit(
        layer.weight.data, requires_grad=False, quant_type="nf4", compress_statistics=True
    )
    new.bias = layer.bias
    # Its layout for CPUs with AVX-512 BF16 replaces weights and scales on the first call, and fails
    # where sizes are no multiples of its blocks.
    new.support_avx512bf16_for_cpu = False
    packed: nn.Module = new.train(layer.training)
    return packed


def _eight_bits(layer: nn.Linear, _: torch.dtype) -> nn.Module:
    bnb = _bitsandbytes()
    new: nn.Module = bnb.Linear8bitLt(
        *_shape(layer), has_fp16_weights=False, threshold=_OUTLIER, device="meta"
    )
    new.weight = bnb.Int8Params(layer.weight.data, requires_grad=False, has_fp16_weights=False)
    new.bias = layer.bias
    return new.train(layer.training)


def _scales(layer: Any) -> dict[str, torch.Tensor]:
    """The tensors of a packed layer that are neither parameters nor buffers, by name."""
    kind = type(layer).__name__
    if kind == "Linear8bitLt":
        layer.init_8bit_state()  # from its parameter to its state, as its first call would
        return {"packed_rows": layer.state.CB, "row_scales": layer.state.SCB}
    if kind != "Linear4bit":
        return {}
    state = layer.weight.quant_state
    return {
        "scales": state.absmax,
        "codebook": state.code,
        "scales_mean": state.offset,
        "scales_of_scales": state.state2.absmax,
        "codebook_of_scales": state.state2.code,
    }


def _bitsandbytes() -> Any:
    import bitsandbytes.nn  # late: it takes a second, and is not always there

    # It says at every call of every layer which format it casts to.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    return bitsandbytes.nn


def _shape(layer: nn.Linear) -> tuple[int, int, bool]:
    return layer.in_features, layer.out_features, layer.bias is not None


def _store_in_float8(model: nn.Module, dtype: torch.dtype) -> None:
    from diffusers.hooks.layerwise_casting import apply_layerwise_casting_hook

    cast: Any = apply_layerwise_casting_hook
    for _, layer in _linears(model):
        cast(layer, torch.float8_e4m3fn, dtype, non_blocking=False)


def _not_installed(scheme: Quantisation) -> CheckpointError:
    return CheckpointError(
        f"{scheme} 量化需要 bitsandbytes：请运行 uv sync --extra gpu，"
        "或把设置 quantisation 改为 none。",
        f"Quantisation to {scheme} needs bitsandbytes: run uv sync --extra gpu, "
        "or set quantisation to none.",
    )
