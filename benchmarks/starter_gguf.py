"""The starter language model as a GGUF file, for a llama.cpp server.

    uv run --with gguf python -m benchmarks.starter_gguf FILE

The starter's tokenizer (a token for a character, bytes for the rest) is no BPE with merges.
llama.cpp's RWKV tokenizer does the same: the longest token that fits, down to single bytes. They
differ in rare English words of which only the beginning is a token.
"""

import argparse
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

STARTER = Path(__file__).parents[1] / "models" / "starter" / "llm"
NAMES = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
}
PARTS = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def tensor_name(name: str) -> str:
    """The name of a transformers Qwen3 tensor in a GGUF file."""
    if name in NAMES:
        return NAMES[name]
    _, _, layer, rest = name.split(".", 3)
    return f"blk.{layer}.{PARTS[rest.removesuffix('.weight')]}.weight"


def escaped(token: str) -> str:
    """A token as llama.cpp's RWKV vocabulary writes it."""
    if len(token) == 6 and token.startswith("<0x"):
        return f"\\x{token[3:5].lower()}"
    return token.replace("\\", "\\\\").replace("\n", "\\n")


def write(source: Path, target: Path) -> None:
    """`source`: a folder with a small Qwen3 and the starter's kind of tokenizer."""
    gguf: Any = import_module("gguf")
    config = json.loads((source / "config.json").read_text("utf-8"))
    writer = gguf.GGUFWriter(target, "qwen3")
    _write_architecture(writer, config)
    _write_vocabulary(writer, gguf.TokenType, source, config)
    for name, tensor in load_file(source / "model.safetensors").items():
        array = tensor.to(torch.float32).numpy().astype(np.float32)
        writer.add_tensor(tensor_name(name), array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_architecture(writer: Any, config: dict[str, Any]) -> None:
    writer.add_name("duomo starter")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(config["head_dim"])
    writer.add_value_length(config["head_dim"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])


def _write_vocabulary(writer: Any, kinds: Any, source: Path, config: dict[str, Any]) -> None:
    tokenizer = json.loads((source / "tokenizer.json").read_text("utf-8"))
    added = {token["content"]: token["special"] for token in tokenizer["added_tokens"]}
    known = sorted(tokenizer["model"]["vocab"], key=tokenizer["model"]["vocab"].__getitem__)
    unused = [f"<unused-{n}>" for n in range(config["vocab_size"] - len(known))]
    types = [
        *(kinds.NORMAL if t not in added else kinds.CONTROL if added[t] else kinds.USER_DEFINED
          for t in known),
        *(kinds.UNUSED for _ in unused),
    ]  # fmt: skip
    writer.add_tokenizer_model("rwkv")
    writer.add_token_list([*(t if t in added else escaped(t) for t in known), *unused])
    writer.add_token_types(types)
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_add_bos_token(False)
    writer.add_chat_template((source / "chat_template.jinja").read_text("utf-8"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("file", type=Path)
    parser.add_argument("--checkpoint", type=Path, default=STARTER)
    arguments = parser.parse_args()
    write(arguments.checkpoint, arguments.file)


if __name__ == "__main__":
    main()
