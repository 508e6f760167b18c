"""Models of transformers on their device: as they are, or packed into fewer bits."""

from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, PreTrainedModel

from models.catalog import Checkpoint, Quantisation
from models.dtypes import torch_dtype
from models.quantisation import pack, packed, scales_as_buffers
from models.weights import tensor_bytes


def on_device(model: Any, scheme: Quantisation | None, device: torch.device) -> PreTrainedModel:
    """`model`, loaded on the CPU, ready for inference on `device`."""
    model.train(mode=False).requires_grad_(requires_grad=False)
    if scheme is not None:
        pack(model, scheme)
    moved: PreTrainedModel = model.to(device)
    scales_as_buffers(moved)
    return moved


def weight_bytes(path: Path, checkpoint: Checkpoint, auto: type[Any]) -> int:
    """Exact bytes of the weights on the device, read from headers and config alone.

    `auto` is the class of transformers that would load `path`. Raises CheckpointBroken.
    """
    dtype = torch_dtype(checkpoint)
    whole = tensor_bytes(path, dtype)
    if checkpoint.quantisation is None:
        return whole
    with torch.device("meta"):
        skeleton = auto.from_config(AutoConfig.from_pretrained(path, local_files_only=True))
    change = packed(skeleton, checkpoint.quantisation)
    return whole if change is None else whole - change.parameters * dtype.itemsize + change.bytes
