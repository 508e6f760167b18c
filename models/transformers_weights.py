"""Models of transformers: loading one for inference, and what its weights will weigh."""

import json
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig
from transformers.utils.logging import disable_progress_bar

from models.catalog import Checkpoint
from models.dtypes import torch_dtype
from models.errors import CheckpointBroken
from models.quantisation import on_device, packed
from models.weights import tensor_bytes


def load_model(kind: Any, path: Path, checkpoint: Checkpoint, device: torch.device) -> Any:
    """The model that class `kind` of transformers finds in `path`, offline and from safetensors
    alone, on `device` for inference, packed as the entry says.

    The entry's number format is settled (models/dtypes.py). Raises CheckpointBroken where the
    configuration is that of another class, besides what transformers raises.
    """
    _check_kind(kind, path)
    disable_progress_bar()  # type: ignore[no-untyped-call]  # it would be drawn over our output
    model = kind.from_pretrained(
        path,
        dtype=torch_dtype(checkpoint),
        attn_implementation="sdpa",
        use_safetensors=True,
        local_files_only=True,
    )
    on_device(model, checkpoint.quantisation, device)
    return model


def _check_kind(kind: Any, path: Path) -> None:
    """A class given a configuration that is missing or another's makes one of its own defaults, and
    fills gigabytes with a random model of that size before it finds that no weight fits."""
    wanted = getattr(getattr(kind, "config_class", None), "model_type", None)
    if wanted is None:  # an Auto class: it takes whatever the configuration says
        return
    try:
        found = json.loads((path / "config.json").read_text("utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        found = error
    if found != wanted:
        raise CheckpointBroken(
            f"{path} 里的 config.json 不是 {wanted} 的（{found}），请重新获取。",
            f"config.json in {path} is not that of {wanted} ({found}); fetch it again.",
        )


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
