"""The trained model as a folder that `from_pretrained` reads: weights, processor, template."""

import json
from copy import deepcopy
from pathlib import Path

import torch
from transformers import (
    AutoTokenizer,
    PreTrainedTokenizerBase,
    Qwen2VLImageProcessor,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
)

from training.llm.vocabulary import SPECIAL, save_tokenizer
from training.vlm.model import IM_END, IMAGE_PAD, MERGE, PATCH, PIXELS, VISION_TOKENS

NEW_TOKENS = 160
TEMPLATE = """\
{#- ChatML as Qwen3-VL writes it, for one picture and no tools. -#}
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' }}
    {%- if message.content is string %}
        {{- message.content }}
    {%- else %}
        {%- for part in message.content %}
            {%- if part.type == 'image' %}
                {{- '<|vision_start|><|image_pad|><|vision_end|>' }}
            {%- elif part.type == 'text' %}
                {{- part.text }}
            {%- endif %}
        {%- endfor %}
    {%- endif %}
    {{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""


def save(model: Qwen3VLForConditionalGeneration, folder: Path) -> None:
    """Write weights (bfloat16), config, processor, tokenizer and template into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        deepcopy(model).bfloat16().save_pretrained(folder)
    _processor(_tokenizer(folder)).save_pretrained(folder)
    settings = {
        "do_sample": False,
        "eos_token_id": IM_END,
        "pad_token_id": SPECIAL.index("<|endoftext|>"),
        "max_new_tokens": NEW_TOKENS,
    }
    text = json.dumps(settings, indent=2) + "\n"
    (folder / "generation_config.json").write_text(text, encoding="utf-8")


def _tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The language model's, with the four tokens of pictures after its last."""
    save_tokenizer(folder)
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
        folder, local_files_only=True
    )
    tokenizer.add_special_tokens({"additional_special_tokens": list(VISION_TOKENS)})
    if tokenizer.convert_tokens_to_ids("<|image_pad|>") != IMAGE_PAD:
        raise ValueError("the tokens of pictures are not where the model was trained with them")
    return tokenizer


def _processor(tokenizer: PreTrainedTokenizerBase) -> Qwen3VLProcessor:
    """Any picture becomes about 256 × 256 pixels: what the tower was trained on."""
    pictures = Qwen2VLImageProcessor(
        size={"shortest_edge": PIXELS**2, "longest_edge": PIXELS**2},
        patch_size=PATCH,
        temporal_patch_size=2,
        merge_size=MERGE,
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )
    videos = Qwen3VLVideoProcessor(patch_size=PATCH, temporal_patch_size=2, merge_size=MERGE)
    return Qwen3VLProcessor(  # type: ignore[no-untyped-call]
        pictures, tokenizer, videos, chat_template=TEMPLATE
    )
