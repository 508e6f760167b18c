"""The pictures as the transformer sees them: encoded once, with what each token shows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from training.draw.autoencoder import SIDE, TOKEN_CHANNELS, TOKENS, encode_moments
from training.draw.train_autoencoder import to_input
from training.draw.transformer import pack, unpack
from training.precision import autocast
from training.world.captions import visible_color
from training.world.colors import COLORS
from training.world.kinds import KINDS
from training.world.layout import lay_out
from training.world.scene import Scene

LABELS = (*(kind.key for kind in KINDS), *COLORS)  # what a token may show
_NUMBER = {label: number for number, label in enumerate(LABELS)}
_BATCH = 16
_NUDGE = 0.3  # standard deviations of a channel
_NUDGED = 8  # pictures that the channels' weights are measured on
_SURVEYED = 1_000  # pictures that the latents' mean and spread are measured on
_COVERED = 0.15  # share of a token's square that a thing must cover to be its label


@dataclass(frozen=True)
class LatentFile:
    """float16 [count, TOKENS, TOKEN_CHANNELS] on disk, normalised as the pipeline does it."""

    path: Path
    count: int

    def encode_missing(self, autoencoder: Any, pictures: NDArray[np.uint8]) -> None:
        """Encode what is not there yet; may be stopped and started again at any time."""
        self.make_missing(lambda rows: encode(autoencoder, to_input(pictures[rows])))

    def make_missing(self, make: Callable[[list[int]], Tensor]) -> None:
        """The same by `make`, which turns a few rows into latents."""
        with self.path.open("ab") as file:
            file.truncate(self.encoded() * _ROW_BYTES)
            for start in range(self.encoded(), self.count, _BATCH):
                rows = list(range(start, min(start + _BATCH, self.count)))
                file.write(make(rows).half().numpy().tobytes())
                if start // _BATCH % 100 == 0:
                    print(f"{self.path.stem} {start}/{self.count}", flush=True)

    def weights(self, autoencoder: Any) -> Tensor:
        """`channel_weights`, measured on a few of the pictures encoded so far."""
        rows = np.linspace(0, self.encoded() - 1, min(_NUDGED, self.encoded())).astype(int)
        return channel_weights(autoencoder, torch.from_numpy(self.read()[rows]).float())

    def encoded(self) -> int:
        size = self.path.stat().st_size if self.path.exists() else 0
        return min(self.count, size // _ROW_BYTES)

    def read(self) -> NDArray[np.float16]:
        shape = (self.encoded(), TOKENS, TOKEN_CHANNELS)
        return np.memmap(self.path, np.float16, "r", shape=shape)


_ROW_BYTES = TOKENS * TOKEN_CHANNELS * 2


def survey(autoencoder: Any, pictures: NDArray[np.uint8]) -> None:
    """Set the running mean and variance by which the pipeline normalises packed latents."""
    some = pictures[np.linspace(0, len(pictures) - 1, min(_SURVEYED, len(pictures))).astype(int)]
    packed = torch.cat(
        [
            _packed_means(autoencoder, to_input(some[i : i + _BATCH]))
            for i in range(0, len(some), _BATCH)
        ]
    )
    autoencoder.bn.running_mean.copy_(packed.mean((0, 1)))
    autoencoder.bn.running_var.copy_(packed.var((0, 1)))


def encode(autoencoder: Any, pictures: Tensor) -> Tensor:
    """Normalised tokens [B, TOKENS, TOKEN_CHANNELS] of pictures [B, 3, S, S] in -1…1."""
    mean, deviation = _statistics(autoencoder)
    return (_packed_means(autoencoder, pictures) - mean) / deviation


@torch.no_grad()
def channel_weights(autoencoder: Any, tokens: Tensor) -> Tensor:
    """How much each channel of tokens [B, TOKENS, TOKEN_CHANNELS] matters to the eye, mean 1.

    The root mean square of what a nudge of the channel does to the decoded pixels. A fifth of the
    channels carries colour and six sevenths of the picture's energy; with equal weights the
    transformer would spend four fifths of its loss on detail that it can't foresee."""
    shown = _decode(autoencoder, tokens)
    moved = torch.stack(
        [
            (_decode(autoencoder, tokens + _NUDGE * channel) - shown).square().mean().sqrt()
            for channel in torch.eye(TOKEN_CHANNELS)
        ]
    )
    return moved / moved.mean()


def denormalised(autoencoder: Any, tokens: Tensor) -> Tensor:
    """Packed latents of normalised tokens, the same shape: what `encode` took away."""
    mean, deviation = _statistics(autoencoder)
    return tokens * deviation + mean


def _statistics(autoencoder: Any) -> tuple[Tensor, Tensor]:
    """Mean and deviation [C] of packed latents, as the pipeline takes them."""
    bn = autoencoder.bn
    return bn.running_mean, (bn.running_var + autoencoder.config.batch_norm_eps).sqrt()


def _decode(autoencoder: Any, tokens: Tensor) -> Tensor:
    with autocast():
        pixels: Tensor = autoencoder.decode(unpack(denormalised(autoencoder, tokens))).sample
    return pixels.float()


@torch.no_grad()
def _packed_means(autoencoder: Any, pictures: Tensor) -> Tensor:
    with autocast():
        moments = encode_moments(autoencoder, pictures)
    return pack(moments.float().chunk(2, 1)[0].contiguous())


def label_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """Binary cross-entropies summed over the labels, mean over tokens and pictures."""
    return binary_cross_entropy_with_logits(logits, wanted, reduction="none").sum(-1).mean()


def labels_of(scenes: Sequence[Scene]) -> Tensor:
    """`token_labels` of each, float32 [B, TOKENS, len(LABELS)]."""
    return torch.from_numpy(np.stack([token_labels(scene) for scene in scenes])).float()


def token_labels(scene: Scene) -> NDArray[np.bool_]:
    """[TOKENS, len(LABELS)]: the kinds and visible colours of the things on each token's square."""
    shown = np.zeros((SIDE, SIDE, len(LABELS)), bool)
    for group in scene.groups:
        labels = [_NUMBER[group.kind]]
        color = visible_color(scene, group)
        labels += [_NUMBER[color]] if color else []
        for item in lay_out(scene.seed, scene.place, group):
            shown[np.ix_(*_squares(item.box), labels)] = True
    return shown.reshape(TOKENS, len(LABELS))


def _squares(box: tuple[float, float, float, float]) -> tuple[list[int], list[int]]:
    """Rows and columns that a box (unit square) covers to a good part."""
    left, top, right, bottom = (side * SIDE for side in box)
    return _covered(top, bottom), _covered(left, right)


def _covered(low: float, high: float) -> list[int]:
    least = min(_COVERED**0.5, (high - low) / 2)
    return [i for i in range(SIDE) if min(i + 1, high) - max(i, low) >= least]
