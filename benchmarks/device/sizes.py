"""The `[sizes]` of a catalogue entry, from its real configuration on torch's meta device.

    python -m benchmarks.device.sizes NAME …

Elements and bytes are exact; `activations` is an estimate of the largest call, from the widths of
its widest layer.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import open_clip
import torch
import transformers
from torch import nn
from transformers import AutoConfig

from models.catalog import BUNDLED_CONFIGS, QUANTISATIONS, Catalog, Checkpoint, Packed, Sizes
from models.decoding.kv_cache import bytes_per_token
from models.pipeline_weights import packed_parts, skeletons
from models.quantisation import packed
from models.roles.clip import BATCH
from models.roles.llm import MOST_PIECE_TOKENS
from models.weights import PIPELINE_INDEX

_TOWER_TOKENS = 197  # of a picture of 224 × 224 px in patches of 16, and one for all of it


def sizes_of(checkpoint: Checkpoint) -> Sizes:
    """The sizes of an entry whose configuration comes with the package."""
    folder = BUNDLED_CONFIGS / checkpoint.stored_as
    if (folder / PIPELINE_INDEX).is_file():
        return Sizes(
            parameters=sum(_count(part) for part in skeletons(folder).values()),
            packed=_packed(checkpoint, lambda scheme: packed_parts(folder, scheme)),
        )
    if (folder / "open_clip_config.json").is_file():
        config = json.loads((folder / "open_clip_config.json").read_text(encoding="utf-8"))
        with torch.device("meta"):
            model = open_clip.CustomTextCLIP(**_without_switch(config["model_cfg"]))
        width = int(config["model_cfg"]["text_cfg"]["width"])
        return Sizes(parameters=_count(model), activations=_tower_batch(width))
    return _of_transformers(checkpoint, folder)


def _of_transformers(checkpoint: Checkpoint, folder: Path) -> Sizes:
    config = AutoConfig.from_pretrained(folder)
    with torch.device("meta"):
        model = getattr(transformers, config.architectures[0])._from_config(config)
    if checkpoint.role == "clip":
        width = int(config.vision_config.hidden_size)
        return Sizes(parameters=_count(model), activations=_tower_batch(width))
    return Sizes(
        parameters=_count(model),
        packed=_packed(checkpoint, lambda scheme: packed(model, scheme)),
        cache_values=bytes_per_token(config, torch.float32) // 4,
        activations=_activations(checkpoint, config),
    )


def _packed(checkpoint: Checkpoint, change: Any) -> dict[Any, Packed]:
    return {scheme: change(scheme) for scheme in QUANTISATIONS[checkpoint.role]}


def _activations(checkpoint: Checkpoint, config: Any) -> int:
    """Elements of the widest layer for a piece of the prompt, or for all patches of a picture."""
    text = config.get_text_config(decoder=True)
    tokens = MOST_PIECE_TOKENS if checkpoint.role == "llm" else _context(checkpoint)
    most = tokens * (6 * text.hidden_size + 3 * text.intermediate_size)
    if (vision := getattr(config, "vision_config", None)) is not None:
        patches = checkpoint.default_int("max_pixels", 0) // vision.patch_size**2
        most = max(most, patches * (6 * vision.hidden_size + 2 * vision.intermediate_size))
    return int(most + 2 * text.vocab_size)  # the last token's logits, in float32


def _context(checkpoint: Checkpoint) -> int:
    return checkpoint.default_int("context_tokens", 0)


def _tower_batch(width: int) -> int:
    return BATCH * _TOWER_TOKENS * (6 + 2 * 4) * width  # a layer inside is four times as wide


def _without_switch(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key != "custom_text"}


def _count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def as_toml(sizes: Sizes) -> str:
    """The table as it stands in a catalogue entry."""
    lines = ["[sizes]", f"parameters = {sizes.parameters:_}"]
    lines += [
        f'packed."{scheme}" = {{ parameters = {p.parameters:_}, bytes = {p.bytes:_} }}'
        for scheme, p in sizes.packed.items()
    ]
    others = {name: getattr(sizes, name) for name in ("cache_values", "activations")}
    lines += [f"{name} = {value:_}" for name, value in others.items() if value]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", metavar="NAME")
    catalog = Catalog.bundled()
    for name in parser.parse_args().names:
        print(f"# {name}\n{as_toml(sizes_of(catalog.get(name)))}\n")


if __name__ == "__main__":
    main()
