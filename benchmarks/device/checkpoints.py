"""Every catalogue entry as a checkpoint with random weights, in its real layout on disk.

    write_full("qwen3-4b-instruct-2507", folder, device=torch.device("cuda"))
    write_tiny("qwen3-4b-instruct-2507", folder)

Class and configuration are those of the real checkpoint (models/catalog/configs/); tiny ones have
the sizes of `_TINY` in it. Weights and tokenizer are made up, so times and bytes are right, and
what comes out means nothing.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import open_clip
import torch
import transformers
from safetensors.torch import save_file
from transformers import (
    ChineseCLIPImageProcessor,
    CLIPImageProcessor,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    Qwen2VLImageProcessor,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
)

from benchmarks.device import tokenizers
from benchmarks.device.tiny import shrunk
from models.catalog import BUNDLED_CONFIGS, Catalog
from models.pipeline_weights import built, component_names
from models.weights import PIPELINE_INDEX, pipeline_index

Config = dict[str, Any]
CPU = torch.device("cpu")


def write_full(
    name: str, folder: Path, *, dtype: torch.dtype = torch.bfloat16, device: torch.device = CPU
) -> Path:
    """The checkpoint of catalogue entry `name` in its real size; weights are drawn on `device`."""
    return _write(_configs(name), folder, dtype, device)


def write_tiny(name: str, folder: Path) -> Path:
    """The checkpoint of catalogue entry `name` in a size for tests, float32."""
    return _write(shrunk(_configs(name)), folder, torch.float32, CPU)


def _configs(name: str) -> dict[str, Config]:
    """The JSON files of an entry's configuration by their path inside the checkpoint."""
    root = BUNDLED_CONFIGS / Catalog.bundled().get(name).stored_as
    return {
        path.relative_to(root).as_posix(): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(root.rglob("*.json"))
    }


def _write(
    configs: dict[str, Config], folder: Path, dtype: torch.dtype, device: torch.device
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    if PIPELINE_INDEX in configs:
        _write_pipeline(configs, folder, dtype, device)
    elif "open_clip_config.json" in configs:
        _write_open_clip(configs["open_clip_config.json"], folder)
    else:
        config = configs["config.json"]
        _PARTS[config["model_type"]](config, folder)
        _write_model(config, folder, dtype, device)
    return folder


def _write_model(config: Config, folder: Path, dtype: torch.dtype, device: torch.device) -> None:
    kind = getattr(transformers, config["architectures"][0])
    with _drawn_on(device, dtype):
        model = kind._from_config(kind.config_class.from_dict(config))
    model.to(CPU).save_pretrained(folder)


@contextmanager
def _drawn_on(device: torch.device, dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with device:
            yield
    finally:
        torch.set_default_dtype(before)


# What each kind of model has beside its weights. The ids of special tokens become the tokenizer's.


def _language(config: Config, folder: Path) -> None:
    tokenizer = tokenizers.chat_tokenizer()
    tokenizer.save_pretrained(folder)
    _set_ends(config, tokenizer)


def _qwen_vl(config: Config, folder: Path) -> None:
    tokenizer = tokenizers.chat_tokenizer()
    vision = config["vision_config"]
    patch, merge = vision["patch_size"], vision["spatial_merge_size"]
    bounds = {"shortest_edge": 65_536, "longest_edge": 16_777_216}  # px, the real checkpoints'
    pictures = Qwen2VLImageProcessor(
        size=bounds, patch_size=patch, temporal_patch_size=2, merge_size=merge
    )
    kind: Any = Qwen3VLProcessor
    kind(
        pictures,
        tokenizer,
        Qwen3VLVideoProcessor(patch_size=patch),
        chat_template=tokenizers.CHAT_TEMPLATE,
    ).save_pretrained(folder)
    _set_ends(config["text_config"], tokenizer)
    config["vision_start_token_id"], config["vision_end_token_id"] = _ids(tokenizer, 0, 2)
    config["image_token_id"], config["video_token_id"] = _ids(tokenizer, 2, 4)


def _llava(config: Config, folder: Path) -> None:
    tokenizer = tokenizers.llava_tokenizer()
    vision = config["vision_config"]
    side = vision["image_size"]
    pictures = CLIPImageProcessor(
        size={"shortest_edge": side}, crop_size={"height": side, "width": side}
    )
    kind: Any = LlavaProcessor
    kind(
        pictures,
        tokenizer,
        patch_size=vision["patch_size"],
        vision_feature_select_strategy=config["vision_feature_select_strategy"],
        num_additional_image_tokens=1,
        chat_template=tokenizers.LLAVA_TEMPLATE,
    ).save_pretrained(folder)
    _set_ends(config["text_config"], tokenizer)
    config["image_token_index"] = tokenizer.convert_tokens_to_ids("<image>")
    config["pad_token_id"] = tokenizer.pad_token_id


def _chinese_clip(config: Config, folder: Path) -> None:
    side = config["vision_config"].get("image_size", 224)
    tokenizers.bert_tokenizer(folder).save_pretrained(folder)
    size = {"height": side, "width": side}
    ChineseCLIPImageProcessor(size=size, crop_size=size).save_pretrained(folder)


_PARTS: dict[str, Callable[[Config, Path], None]] = {
    "qwen3": _language,
    "qwen3_vl": _qwen_vl,
    "llava": _llava,
    "chinese_clip": _chinese_clip,
}


def _write_open_clip(config: Config, folder: Path) -> None:
    (folder / "open_clip_config.json").write_text(json.dumps(config), encoding="utf-8")
    tokenizers.siglip_tokenizer().save_pretrained(folder)
    weights = open_clip.create_model(f"local-dir:{folder}", load_weights=False).state_dict()
    whole = {name: tensor.contiguous() for name, tensor in weights.items()}
    save_file(whole, folder / "open_clip_model.safetensors")


def _write_pipeline(
    configs: dict[str, Config], folder: Path, dtype: torch.dtype, device: torch.device
) -> None:
    for path, config in configs.items():
        if config.get("model_type") == "qwen3":
            _set_ends(config, tokenizers.chat_tokenizer())
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(json.dumps(config), encoding="utf-8")
    for name in pipeline_index(folder):
        if name.startswith("tokenizer"):
            _write_tokenizer(configs, folder / name)
    for name in component_names(folder):
        with _drawn_on(device, dtype):
            component: Any = built(folder, name)
        component.to(CPU).save_pretrained(folder / name)


def _write_tokenizer(configs: dict[str, Config], folder: Path) -> None:
    text = configs[f"{folder.name.replace('tokenizer', 'text_encoder')}/config.json"]
    if text["model_type"] == "qwen3":
        tokenizers.chat_tokenizer().save_pretrained(folder)
    else:
        tokenizers.clip_tokenizer(text["max_position_embeddings"]).save_pretrained(folder)


def _set_ends(config: Config, tokenizer: PreTrainedTokenizerFast) -> None:
    config["eos_token_id"] = tokenizer.eos_token_id
    config["bos_token_id"] = config["pad_token_id"] = tokenizer.pad_token_id


def _ids(tokenizer: Any, start: int, stop: int) -> list[int]:
    return [int(tokenizer.convert_tokens_to_ids(t)) for t in tokenizers.VISION[start:stop]]
