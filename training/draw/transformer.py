"""The transformer: diffusers' Flux2Transformer2DModel, small, called as its pipeline calls it."""

from typing import Any

import torch
from diffusers import Flux2KleinPipeline, Flux2Transformer2DModel
from torch import Tensor, nn

from training.draw.autoencoder import SIDE, TOKEN_CHANNELS, TOKENS
from training.draw.forward import Rotation, denoise, rotation
from training.draw.text import FEATURES
from training.draw.tokenizer import MAX_LENGTH

SHIFT = 1.5  # of the noise schedule: more of the steps where the layout is decided
_HEADS, _HEAD_DIM = 4, 64
WIDTH = _HEADS * _HEAD_DIM
_DOUBLE, _SINGLE = 2, 6
_TAP = 3  # the single block after which the tokens should know what they will show


def create_transformer() -> Any:
    """Random weights; modulation and output start at zero (Peebles & Xie 2023)."""
    model: Any = Flux2Transformer2DModel(  # type: ignore[no-untyped-call]
        in_channels=TOKEN_CHANNELS,
        num_layers=_DOUBLE,
        num_single_layers=_SINGLE,
        attention_head_dim=_HEAD_DIM,
        num_attention_heads=_HEADS,
        joint_attention_dim=FEATURES,
        axes_dims_rope=(8, 20, 20, 16),
        guidance_embeds=False,
    )
    zeroed = (
        model.double_stream_modulation_img.linear,
        model.double_stream_modulation_txt.linear,
        model.single_stream_modulation.linear,
        model.norm_out.linear,
        model.proj_out,
    )
    for layer in zeroed:
        nn.init.zeros_(layer.weight)
    return model


class Denoiser:
    """Calls a transformer with the ids that its pipeline would give."""

    def __init__(self, transformer: Any) -> None:
        self._transformer = transformer
        self._turns: dict[tuple[int, bool], Rotation] = {}

    def __call__(
        self, noisy: Tensor, sigma: Tensor, text: Tensor, reference: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Velocity [B, TOKENS, C] and tokens [B, TOKENS, WIDTH] of noisy latents [B, TOKENS, C]
        at noise level `sigma` [B] (0 clean, 1 noise). `reference`: clean latents to change."""
        shown = noisy if reference is None else torch.cat([noisy, reference], 1)
        turn = self._turn(text.shape[1], reference is not None)
        velocity, tokens = denoise(self._transformer, shown, sigma, text, turn, _TAP)
        return velocity[:, :TOKENS], tokens[:, :TOKENS]

    def _turn(self, length: int, edits: bool) -> Rotation:
        """The rotation for `length` tokens of text, computed once."""
        if (length, edits) not in self._turns:
            ids = [_TEXT_IDS[:length], _IMAGE_IDS, *([_REFERENCE_IDS] if edits else [])]
            self._turns[length, edits] = rotation(self._transformer, torch.cat(ids))
        return self._turns[length, edits]


def pack(latents: Tensor) -> Tensor:
    """Latents [B, C, h, w] as the pipeline's tokens [B, h·w/4, 4C], before normalisation."""
    packed: Tensor = Flux2KleinPipeline._pack_latents(Flux2KleinPipeline._patchify_latents(latents))
    return packed


def unpack(tokens: Tensor) -> Tensor:
    """The latents [B, C, h, w] that `pack` made into tokens of a square picture."""
    squares = tokens.transpose(1, 2).reshape(len(tokens), -1, SIDE, SIDE)
    latents: Tensor = Flux2KleinPipeline._unpatchify_latents(squares)
    return latents


_EMPTY = torch.empty(1, TOKEN_CHANNELS, SIDE, SIDE)
_TEXT_IDS = Flux2KleinPipeline._prepare_text_ids(torch.empty(1, MAX_LENGTH, 1))[0]
_IMAGE_IDS = Flux2KleinPipeline._prepare_latent_ids(_EMPTY)[0]
_REFERENCE_IDS = Flux2KleinPipeline._prepare_image_ids([_EMPTY])[0]
