"""The starter's shape: a Qwen3 of six thin layers, written in the Hugging Face layout."""

import json
from pathlib import Path

import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from training.llm.vocabulary import SPECIAL, save_tokenizer, vocabulary


def build() -> Qwen3ForCausalLM:
    """A fresh model; the vocabulary is rounded up to 64 rows, the spare ones are never used."""
    end = SPECIAL.index("<|im_end|>")
    config = Qwen3Config(
        vocab_size=-(-len(vocabulary()) // 64) * 64,
        hidden_size=256,
        intermediate_size=704,
        num_hidden_layers=6,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=64,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
        eos_token_id=end,
        pad_token_id=SPECIAL.index("<|endoftext|>"),
        rope_parameters={"rope_type": "default", "rope_theta": 100_000.0},
    )
    return Qwen3ForCausalLM(config)


def save(state: dict[str, torch.Tensor], folder: Path) -> None:
    """Write weights (bf16), config, tokenizer and template: what `from_pretrained` reads."""
    model = build()
    model.load_state_dict(state)
    model.to(torch.bfloat16).save_pretrained(folder)
    save_tokenizer(folder)
    end, pad = SPECIAL.index("<|im_end|>"), SPECIAL.index("<|endoftext|>")
    settings = {"do_sample": False, "eos_token_id": end, "pad_token_id": pad, "max_new_tokens": 512}
    text = json.dumps(settings, indent=2) + "\n"
    (folder / "generation_config.json").write_text(text, encoding="utf-8")
