"""A critic of latents: it names what stands on each square, and so knows what makes a thing one.

Where it looks differently at what the transformer foresees than at the true picture, a thing can't
be made out: the latent perceptual loss (Berrada et al. 2025), with a net that knows this world in
place of the autoencoder's decoder, which would cost more than the transformer.
"""

from typing import Any

import torch
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor, channels_last, nn
from torch.nn.functional import normalize

from training.draw.autoencoder import LATENT_CHANNELS, TOKENS
from training.draw.latents import LABELS
from training.draw.norm import residual
from training.draw.transformer import unpack

_FINE, _COARSE = 96, 160  # channels on the grid of latent cells, and of tokens
_FINE_BLOCKS, _COARSE_BLOCKS = 2, 3
_GROUPS = 8


class Critic(nn.Module):
    """Works on normalised tokens [B, TOKENS, TOKEN_CHANNELS]."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(LATENT_CHANNELS, _FINE, 3, padding=1)
        self.fine = nn.ModuleList(_block(_FINE) for _ in range(_FINE_BLOCKS))
        self.down = nn.Conv2d(_FINE, _COARSE, 2, stride=2)
        self.coarse = nn.ModuleList(_block(_COARSE) for _ in range(_COARSE_BLOCKS))
        self.head = nn.Conv2d(_COARSE, len(LABELS), 1)
        assert self.head.bias is not None
        nn.init.constant_(self.head.bias, -3.0)  # most squares show nothing
        self.to(memory_format=channels_last)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits [B, TOKENS, LABELS]."""
        logits: Tensor = self.head(self._layers(tokens)[-1])
        return logits.flatten(2).transpose(1, 2)

    def features(self, tokens: Tensor) -> list[Tensor]:
        """What each block sees, [B, TOKENS, F] of unit length; finer blocks' cells side by side."""
        return [_per_token(layer) for layer in self._layers(tokens)]

    def _layers(self, tokens: Tensor) -> list[Tensor]:
        x = self.stem(unpack(tokens).contiguous(memory_format=channels_last))
        fine = _through(self.fine, x)
        return [*fine, *_through(self.coarse, self.down(fine[-1]))]


def strangeness(critic: Critic, foreseen: Tensor, clean: Tensor) -> Tensor:
    """How differently the critic sees two pictures' squares, [B, TOKENS], 0 to 4."""
    with torch.no_grad():
        wanted = critic.features(clean)
    pairs = zip(critic.features(foreseen), wanted, strict=True)
    return torch.stack([(a - b).float().square().sum(-1) for a, b in pairs]).mean(0)


def _through(blocks: nn.ModuleList, x: Tensor) -> list[Tensor]:
    layers = [x]
    for block in blocks:
        assert isinstance(block, ResnetBlock2D)
        layers.append(residual(block, layers[-1]))
    return layers[1:]


def _block(channels: int) -> ResnetBlock2D:
    untimed: Any = None  # which diffusers allows, whatever its annotation says
    return ResnetBlock2D(in_channels=channels, temb_channels=untimed, groups=_GROUPS)


def _per_token(layer: Tensor) -> Tensor:
    cells = layer.shape[-1] ** 2 // TOKENS  # 4 on the finer grid
    side = int(cells**0.5)
    squares = nn.functional.pixel_unshuffle(layer, side).flatten(2).transpose(1, 2)
    return normalize(squares.float(), dim=-1)
