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
    model = Qwen3ForCausalLM(config)
    _initialise(model)
    return model


@torch.no_grad()
def _initialise(model: Qwen3ForCausalLM) -> None:
    """Characters start as unit-variance random vectors and every layer as nothing.

    Beside Muon's steps the usual 0.02 would drown what a token is after a few layers, and copying
    an argument is passing on what a token is. The final gain keeps the first logits small, because
    the embedding is also the output matrix.
    """
    model.model.embed_tokens.weight.normal_()
    model.model.norm.weight.fill_(0.03)
    for layer in model.model.layers:
        layer.self_attn.o_proj.weight.zero_()
        layer.mlp.down_proj.weight.zero_()


def load(folder: Path) -> Qwen3ForCausalLM:
    """The model that `save` wrote, in float32 to train on."""
    model = build()
    kept = Qwen3ForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    model.load_state_dict(kept.state_dict())
    return model


def save(state: dict[str, torch.Tensor], folder: Path) -> None:
    """Write weights (bf16), config, tokenizer and template: what `from_pretrained` reads."""
    model = build()
    model.load_state_dict(state)
    model.bfloat16().save_pretrained(folder)
    save_tokenizer(folder)
    end, pad = SPECIAL.index("<|im_end|>"), SPECIAL.index("<|endoftext|>")
    settings = {"do_sample": False, "eos_token_id": end, "pad_token_id": pad, "max_new_tokens": 512}
    text = json.dumps(settings, indent=2) + "\n"
    (folder / "generation_config.json").write_text(text, encoding="utf-8")
