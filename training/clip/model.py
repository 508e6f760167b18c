"""The starter's architecture, in open_clip's own configuration, and how it is written to disk."""

import json
from pathlib import Path
from typing import Any

import open_clip
import torch
from safetensors.torch import save_file

from training.clip.tokenizer import CONTEXT_LENGTH, EOS_ID, PAD_ID, build_tokenizer, save_tokenizer

IMAGE_SIZE = 96
EMBED_DIM = 256
MEAN = (0.5, 0.5, 0.5)
STD = (0.25, 0.25, 0.25)


def config() -> dict[str, Any]:
    """`open_clip_config.json`: a ModifiedResNet and a causal character transformer."""
    return {
        "model_cfg": {
            "embed_dim": EMBED_DIM,
            "custom_text": True,
            "vision_cfg": {
                "image_size": IMAGE_SIZE,
                "layers": [2, 2, 2, 2],
                "width": 32,
                "head_width": 64,
            },
            "text_cfg": {
                "context_length": CONTEXT_LENGTH,
                "vocab_size": len(build_tokenizer()),
                "hf_tokenizer_name": "tokenizer",
                "width": 192,
                "heads": 3,
                "layers": 3,
                "pad_id": PAD_ID,
                "eos_id": EOS_ID,
                "pool_type": "eos",
            },
        },
        "preprocess_cfg": {
            "size": IMAGE_SIZE,
            "mean": MEAN,
            "std": STD,
            "interpolation": "bicubic",
            "resize_mode": "squash",
        },
    }


def write_skeleton(folder: Path) -> None:
    """The configuration and tokenizer, all that a fresh model needs."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(config(), ensure_ascii=False, indent=2) + "\n"
    (folder / "open_clip_config.json").write_text(text, "utf-8")
    save_tokenizer(folder)


def create(folder: Path) -> torch.nn.Module:
    """A fresh model from the configuration in `folder`, float32, on the CPU."""
    model: torch.nn.Module = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
    return model


def write_weights(model: torch.nn.Module, folder: Path) -> None:
    """`open_clip_model.safetensors` in float16, beside the configuration and tokenizer."""
    write_skeleton(folder)
    state = {
        name: value.detach().to(torch.float16).contiguous() if value.is_floating_point() else value
        for name, value in model.state_dict().items()
    }
    save_file(state, folder / "open_clip_model.safetensors", metadata={"format": "pt"})
