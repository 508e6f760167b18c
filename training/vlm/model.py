"""The starter's shape: Qwen3-VL with a small tower before the starter language model."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

from training.llm.vocabulary import SPECIAL, vocabulary

PIXELS = 256  # side of a picture, px
PATCH = 16  # px
MERGE = 2  # patches a side that become one visual token
TOKENS_A_SIDE = PIXELS // PATCH // MERGE
VISUAL_TOKENS = TOKENS_A_SIDE**2
VISION_TOKENS = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
VISION_START, VISION_END, IMAGE_PAD, VIDEO_PAD = range(
    len(vocabulary()), len(vocabulary()) + len(VISION_TOKENS)
)
IM_START, IM_END = SPECIAL.index("<|im_start|>"), SPECIAL.index("<|im_end|>")
_TOWER_PREFIX = "model.visual."
_TEXT_PREFIX = "model.language_model."


def config() -> Qwen3VLConfig:
    """The tower's own sizes; the text model has those of `training.llm.model`."""
    vision = {
        "depth": 6,
        "hidden_size": 192,
        "intermediate_size": 768,
        "num_heads": 3,
        "patch_size": PATCH,
        "spatial_merge_size": MERGE,
        "temporal_patch_size": 2,
        "out_hidden_size": 256,
        "num_position_embeddings": (PIXELS // PATCH) ** 2,
        "deepstack_visual_indexes": [3, 4],
    }
    text = {
        "vocab_size": -(-len(vocabulary()) // 64) * 64,
        "hidden_size": 256,
        "intermediate_size": 704,
        "num_hidden_layers": 6,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 64,
        "max_position_embeddings": 8192,
        "eos_token_id": IM_END,
        "pad_token_id": SPECIAL.index("<|endoftext|>"),
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 100_000.0,
            "mrope_section": [12, 10, 10],
            "mrope_interleaved": True,
        },
    }
    return Qwen3VLConfig(
        vision_config=vision,
        text_config=text,
        image_token_id=IMAGE_PAD,
        video_token_id=VIDEO_PAD,
        vision_start_token_id=VISION_START,
        vision_end_token_id=VISION_END,
        tie_word_embeddings=True,
    )


def build() -> Qwen3VLForConditionalGeneration:
    """A fresh model, float32, random weights."""
    torch.manual_seed(0)
    model = Qwen3VLForConditionalGeneration(config())
    text: Any = model.config.text_config
    # On a CPU in bfloat16 the fused attention and its gradient take a sixth of an update more.
    text._attn_implementation = "eager"
    return model


def load(folder: Path) -> Qwen3VLForConditionalGeneration:
    """The model of a folder, float32."""
    return Qwen3VLForConditionalGeneration.from_pretrained(
        folder, dtype=torch.float32, local_files_only=True, use_safetensors=True
    )


def adopt(model: Qwen3VLForConditionalGeneration, folder: Path) -> None:
    """Copy all weights of a folder of the same shape."""
    model.load_state_dict(load(folder).state_dict())


def adopt_language_model(model: Qwen3VLForConditionalGeneration, folder: Path) -> None:
    """Copy the weights of a Qwen3 folder of the same shape into the text model."""
    given = load_file(folder / "model.safetensors")
    text = {
        _TEXT_PREFIX + name.removeprefix("model."): value
        for name, value in given.items()
        if name.startswith("model.")
    }
    missing, unexpected = model.load_state_dict(text, strict=False)
    left = [name for name in missing if name.startswith(_TEXT_PREFIX)]
    if left or unexpected:
        raise ValueError(f"{folder} does not fit: {left} {unexpected}")
