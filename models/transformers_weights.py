"""What the weights of a model of transformers will weigh on their device."""

from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig

from models.catalog import Checkpoint
from models.dtypes import torch_dtype
from models.quantisation import packed
from models.weights import tensor_bytes


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
