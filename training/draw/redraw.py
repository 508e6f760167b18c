"""Latents as the transformer leaves them: encoded ones under noise, and drawn on from there.

In use the decoder is given nothing cleaner; here it comes with the picture that it should become.
"""

from dataclasses import dataclass
from random import Random
from typing import Any

import torch
from torch import Tensor

from training.draw.album import Album
from training.draw.settling import prompt_for
from training.draw.text import features
from training.draw.train_text import encode_texts
from training.draw.transformer import Denoiser
from training.precision import autocast

_LEAST_NOISE, _MOST_NOISE = 0.2, 0.6  # beyond that another picture comes out
_STEPS = 5
_GUIDANCE = 3.0


@dataclass(frozen=True)
class Redrawer:
    """A finished transformer with what reads its prompts."""

    denoise: Denoiser
    tokenizer: Any
    text_encoder: Any

    @torch.no_grad()
    def redraw(self, album: Album, rows: list[int]) -> Tensor:
        """Latents [B, TOKENS, C] near those of `rows`; a function of the rows."""
        rngs = [Random(f"redraw-{row}") for row in rows]
        prompts = zip(rows, rngs, strict=True)
        text = self._encode([prompt_for(album.scenes[r], g) for r, g in prompts])
        level = torch.tensor([rng.uniform(_LEAST_NOISE, _MOST_NOISE) for rng in rngs])
        torch.manual_seed(rows[0])
        clean = album.tokens(rows)
        latents = torch.lerp(clean, torch.randn_like(clean), level[:, None, None])
        for step in range(_STEPS):
            velocity = self._velocity(latents, level * (1 - step / _STEPS), text)
            latents = latents - level[:, None, None] / _STEPS * velocity
        return latents

    def _velocity(self, latents: Tensor, level: Tensor, text: Tensor) -> Tensor:
        wordless = self._encode([""]).expand(len(text), -1, -1)
        with autocast():
            without = self.denoise(latents, level, wordless)[0].float()
            told = self.denoise(latents, level, text)[0].float()
        return without + _GUIDANCE * (told - without)

    def _encode(self, texts: list[str]) -> Tensor:
        with autocast():
            encoded = features(self.text_encoder, *encode_texts(self.tokenizer, texts))
        return encoded.float()
