"""The transformer's forward pass on diffusers' own modules, arranged for training on a CPU.

The same numbers as `Flux2Transformer2DModel.forward` (a test compares them), in two thirds of the
time: PyTorch's fused attention is slow backwards on short sequences, and rotating queries and keys
stays in bfloat16."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import rms_norm

Rotation = tuple[Tensor, Tensor, Tensor]  # cosines and sines [S, 1, D], quarter turn [D, D]


def rotation(model: Any, ids: Tensor) -> Rotation:
    """Rotary embedding of position ids [S, 4]."""
    cos, sin = model.pos_embed(ids)  # [S, D] each, every number twice
    size = cos.shape[1]
    quarter = torch.zeros(size, size)  # (x, y) -> (−y, x) for each pair of numbers
    even = torch.arange(0, size, 2)
    quarter[even + 1, even], quarter[even, even + 1] = -1.0, 1.0
    return cos[:, None], sin[:, None], quarter


def denoise(
    model: Any, shown: Tensor, sigma: Tensor, text: Tensor, turn: Rotation, tap: int
) -> tuple[Tensor, Tensor]:
    """Velocity [B, S, C] of latents `shown` [B, S, C], and their tokens [B, S, D] after single
    block `tap`. `sigma` [B]; `text` [B, L, F]; `turn` covers text, then latents."""
    length = text.shape[1]
    time = model.time_guidance_embed(sigma * 1000, None)
    image_mod = model.double_stream_modulation_img(time)
    text_mod = model.double_stream_modulation_txt(time)
    single_mod = model.single_stream_modulation(time)
    image, words = model.x_embedder(shown), model.context_embedder(text)
    for block in model.transformer_blocks:
        image, words = _double(block, image, words, image_mod, text_mod, turn)
    joint = torch.cat([words, image], 1)
    tapped = joint
    for number, block in enumerate(model.single_transformer_blocks):
        joint = _single(block, joint, single_mod, turn)
        if number == tap:
            tapped = joint
    out = model.proj_out(model.norm_out(joint[:, length:], time))
    return out, tapped[:, length:]


def _double(
    block: Any, image: Tensor, words: Tensor, image_mod: Tensor, text_mod: Tensor, turn: Rotation
) -> tuple[Tensor, Tensor]:
    i1, i2 = image_mod[:, None].chunk(2, -1)
    w1, w2 = text_mod[:, None].chunk(2, -1)
    attn, length = block.attn, words.shape[1]
    x, y = _modulated(block.norm1, image, i1), _modulated(block.norm1_context, words, w1)
    heads = attn.heads
    query = torch.cat(
        [
            _normed(attn.norm_added_q, _split(attn.add_q_proj(y), heads)),
            _normed(attn.norm_q, _split(attn.to_q(x), heads)),
        ],
        1,
    )
    key = torch.cat(
        [
            _normed(attn.norm_added_k, _split(attn.add_k_proj(y), heads)),
            _normed(attn.norm_k, _split(attn.to_k(x), heads)),
        ],
        1,
    )
    value = torch.cat([_split(attn.add_v_proj(y), heads), _split(attn.to_v(x), heads)], 1)
    mixed = _attend(query, key, value, turn)
    sizes = [length, mixed.shape[1] - length]
    for_words, for_image = mixed.split(sizes, 1)  # type: ignore[no-untyped-call]
    image = image + _gate(i1) * attn.to_out[0](for_image)
    words = words + _gate(w1) * attn.to_add_out(for_words)
    image = image + _gate(i2) * block.ff(_modulated(block.norm2, image, i2))
    words = words + _gate(w2) * block.ff_context(_modulated(block.norm2_context, words, w2))
    return image, words


def _single(block: Any, joint: Tensor, modulation: Tensor, turn: Rotation) -> Tensor:
    mod, attn = modulation[:, None], block.attn
    width = attn.inner_dim
    fused = attn.to_qkv_mlp_proj(_modulated(block.norm, joint, mod))
    *parts, wide = fused.split([width, width, width, fused.shape[-1] - 3 * width], -1)
    query, key, value = (_split(part, attn.heads) for part in parts)
    mixed = _attend(_normed(attn.norm_q, query), _normed(attn.norm_k, key), value, turn)
    out: Tensor = attn.to_out(torch.cat([mixed, attn.mlp_act_fn(wide)], -1))
    return joint + _gate(mod) * out


def _modulated(norm: Any, x: Tensor, mod: Tensor) -> Tensor:
    shift, scale, _ = mod.chunk(3, -1)
    return torch.addcmul(shift, norm(x), 1 + scale)


def _gate(mod: Tensor) -> Tensor:
    return mod.chunk(3, -1)[2]


def _normed(norm: Any, x: Tensor) -> Tensor:
    """Weights in the type of `x`: PyTorch fuses the norm only then."""
    normed: Tensor = rms_norm(x, norm.normalized_shape, norm.weight.to(x.dtype), norm.eps)
    return normed


def _split(x: Tensor, heads: int) -> Tensor:
    return x.reshape(*x.shape[:-1], heads, -1)  # [B, S, H, D]


def _attend(query: Tensor, key: Tensor, value: Tensor, turn: Rotation) -> Tensor:
    """[B, S, H, D] each -> [B, S, H·D]."""
    query, key = _rotated(query, turn).transpose(1, 2), _rotated(key, turn).transpose(1, 2)
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    weights = scores.softmax(-1, dtype=scores.dtype)
    mixed: Tensor = weights @ value.to(scores.dtype).transpose(1, 2)
    return mixed.transpose(1, 2).flatten(2)


def _rotated(x: Tensor, turn: Rotation) -> Tensor:
    dtype = torch.bfloat16 if torch.is_autocast_enabled("cpu") else x.dtype
    cos, sin, quarter = (part.to(dtype) for part in turn)
    x = x.to(dtype)
    return torch.addcmul(x * cos, x @ quarter, sin)
