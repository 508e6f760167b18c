"""Qwen3-VL's vision tower over a batch of equal squares: the same weights, without its loops.

The class of transformers takes pictures of any sizes one after another; training shows the tower
many of one size, and then whole batches of matrices are several times as fast.
"""

from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm
from transformers.models.qwen3_vl.modeling_qwen3_vl import (
    Qwen3VLVisionAttention,
    Qwen3VLVisionBlock,
    Qwen3VLVisionModel,
)
from transformers.vision_utils import get_vision_position_ids

from training.vlm.model import MERGE, PATCH, PIXELS

_GRID = PIXELS // PATCH


def patches(pictures: Tensor) -> Tensor:
    """uint8 [B, 256, 256, 3] → float [B, 256, 768] in -1 … 1, in the order of the class: the four
    patches of a visual token beside each other; in a patch channel, row, column."""
    return cut(pictures).float() / 127.5 - 1


def cut(pictures: Tensor) -> Tensor:
    """The same of numbers of any type, as they are: [B, 256, 256, 3] → [B, 256, 768]."""
    blocks = _GRID // MERGE
    parts = pictures.reshape(-1, blocks, MERGE, PATCH, blocks, MERGE, PATCH, 3)
    return parts.permute(0, 1, 4, 2, 5, 7, 3, 6).reshape(len(pictures), _GRID**2, 3 * PATCH**2)


def rotary(tower: Qwen3VLVisionModel) -> tuple[Tensor, Tensor]:
    """Cosines and sines [256, head] of the patches' places."""
    grid = torch.tensor([[1, _GRID, _GRID]])
    places = get_vision_position_ids(grid, MERGE)
    cos, sin = tower.rotary_pos_emb(torch.zeros(()), places)
    return cos, sin


def places(tower: Qwen3VLVisionModel) -> Tensor:
    """The learned place embeddings in the patches' order, [256, width]."""
    blocks = _GRID // MERGE
    width = tower.pos_embed.weight.shape[1]
    grid = tower.pos_embed.weight.view(blocks, MERGE, blocks, MERGE, width)
    return grid.permute(0, 2, 1, 3, 4).reshape(_GRID**2, width)


def see(tower: Qwen3VLVisionModel, pictures: Tensor) -> tuple[Tensor, list[Tensor]]:
    """uint8 [B, 256, 256, 3] → visual tokens [B, 64, d] and the deep-stack ones of each layer."""
    deep: list[Tensor] = []
    for number, hidden in enumerate(layers(tower, patches(pictures))):
        if number in tower.deepstack_visual_indexes:
            merger = tower.deepstack_merger_list[len(deep)]
            deep.append(_merged(merger, hidden))
    return _merged(tower.merger, hidden), deep


def layers(tower: Qwen3VLVisionModel, seen: Tensor) -> Iterator[Tensor]:
    """What each layer makes of patches [B, 256, 768] in -1 … 1: [B, 256, width]."""
    kernel = tower.patch_embed.proj.weight.sum(2).flatten(1)  # both frames are the same picture
    hidden = nn.functional.linear(seen, kernel, tower.patch_embed.proj.bias)
    hidden = hidden + places(tower)
    turn = rotary(tower)
    for block in tower.blocks:
        hidden = _block(cast(Qwen3VLVisionBlock, block), hidden, turn)
        yield hidden


def _merged(merger: nn.Module, hidden: Tensor) -> Tensor:
    batch, count, _ = hidden.shape
    tokens: Tensor = merger(hidden.reshape(batch * count, -1))
    return tokens.view(batch, count // MERGE**2, -1)


def _block(block: Qwen3VLVisionBlock, hidden: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    hidden = hidden + _attend(block.attn, _norm(block.norm1, hidden), turn)
    moved: Tensor = block.mlp(_norm(block.norm2, hidden))
    return hidden + moved


def _norm(norm: nn.LayerNorm, hidden: Tensor) -> Tensor:
    return layer_norm(hidden, norm.normalized_shape, norm.weight, norm.bias, norm.eps)


def _attend(
    attention: Qwen3VLVisionAttention, hidden: Tensor, turn: tuple[Tensor, Tensor]
) -> Tensor:
    batch, count, width = hidden.shape
    parts = attention.qkv(hidden).view(batch, count, 3, attention.num_heads, -1)
    query, key, value = parts.permute(2, 0, 3, 1, 4)
    # Written out: on a CPU in bfloat16 three times as fast as the fused attention and its gradient.
    scores = _turned(query * query.shape[-1] ** -0.5, turn) @ _turned(key, turn).transpose(-1, -2)
    mixed = scores.softmax(-1) @ value
    given: Tensor = attention.proj(mixed.transpose(1, 2).reshape(batch, count, width))
    return given


def _turned(heads: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    cos, sin = (part.to(heads.dtype) for part in turn)
    first, second = heads.chunk(2, -1)
    return heads * cos + torch.cat((-second, first), -1) * sin
