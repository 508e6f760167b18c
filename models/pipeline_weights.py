"""What the weights of a pipeline of diffusers will weigh on their device."""

import json
from pathlib import Path

import diffusers
import torch
import transformers
from torch import nn

from models.catalog import Checkpoint, Packed, Quantisation
from models.dtypes import torch_dtype
from models.quantisation import packed
from models.weights import PIPELINE_LIBRARIES, pipeline_index, tensor_bytes


def scheme_of(component: str, scheme: Quantisation | None) -> Quantisation | None:
    """How a component is packed when its pipeline is: an autoencoder never, as it paints the
    pixels; a text encoder is a language model, which float8 without scales would garble."""
    if component == "vae":
        return None
    return "8bit" if scheme == "fp8" and component.startswith("text_encoder") else scheme


def pipeline_bytes(path: Path, checkpoint: Checkpoint) -> int:
    """Exact bytes of the weights, read from headers and configs alone. Raises CheckpointBroken."""
    dtype = torch_dtype(checkpoint)
    whole = tensor_bytes(path, dtype)
    if checkpoint.quantisation is None:
        return whole
    change = packed_parts(path, checkpoint.quantisation)
    return whole if change is None else whole - change.parameters * dtype.itemsize + change.bytes


def packed_parts(path: Path, scheme: Quantisation) -> Packed | None:
    """What packing a pipeline changes, its components taken together."""
    changes = [
        packed(skeleton, wanted)
        for name, skeleton in skeletons(path).items()
        if (wanted := scheme_of(name, scheme)) is not None
    ]
    known = [change for change in changes if change is not None]
    if not known:
        return None
    return Packed(
        parameters=sum(change.parameters for change in known),
        bytes=sum(change.bytes for change in known),
    )


def skeletons(path: Path) -> dict[str, nn.Module]:
    """The components with weights, on the meta device, from their configs."""
    with torch.device("meta"):
        return {name: built(path, name) for name in component_names(path)}


def component_names(path: Path) -> list[str]:
    """The components with weights."""
    return [
        name
        for name, (library, _) in pipeline_index(path).items()
        if library in PIPELINE_LIBRARIES and (path / name / "config.json").is_file()
    ]


def built(path: Path, name: str) -> nn.Module:
    """A component from its config, with random weights on torch's current device."""
    folder, (library, kind) = path / name, pipeline_index(path)[name]
    if library == "diffusers":
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        drawing: nn.Module = getattr(diffusers, kind).from_config(config)
        return drawing
    cls = getattr(transformers, kind)
    writing: nn.Module = cls._from_config(cls.config_class.from_pretrained(folder))
    return writing
