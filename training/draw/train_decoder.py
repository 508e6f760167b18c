"""Last stage: the decoder learns brush strokes and paper, which absolute errors smooth away.

Beside the errors of the first stage counts how strongly each neighbourhood answers to small random
filters (texture energy, Laws 1980; shallow random filters are enough, Ustyuzhaninov et al. 2017):
strokes may lie elsewhere, but there have to be as many. And what the starter that sees makes of a
picture counts: a small thing that it no longer knows is hardly an error of pixels. The encoder
stays as it is, so that latents that were encoded before, and the transformer that learnt them,
stay valid.
"""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, channels_last, nn
from torch.nn.functional import avg_pool2d, conv2d
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLVisionModel

from training.checkpoint import Part, StopAsked, log, resume, save
from training.draw.album import Album
from training.draw.autoencoder import create_autoencoder, decode_latents
from training.draw.latents import denormalised
from training.draw.perception import difference
from training.draw.train_autoencoder import optimizers, reconstruction_losses, to_input
from training.draw.transformer import unpack
from training.moving import follow
from training.precision import autocast

_REPORT_EVERY = 25
_FILTERS, _FILTER_SIDE = 24, 5
_NEIGHBOURHOOD = 12  # pixels
_COLOUR_NOISE, _DETAIL_NOISE = 0.04, 0.2  # standard deviations, at most


@dataclass(frozen=True)
class DecoderPlan:
    """How long and how fast; the learning rate falls by half a cosine."""

    steps: int = 900
    batch: int = 4  # whole pictures
    learning_rate: float = 3e-4
    warmup: int = 30
    redrawn: int = 1_500  # asked pictures that the transformer draws again
    drawn: float = 0.6  # share of those among the pictures
    oil: int = 1  # of the batch: nowhere else is so much lost
    texture_weight: float = 1.5
    seen_weight: float = 15.0  # three times what the errors of pixels come to
    average_decay: float = 0.99
    checkpoint_every: int = 100


@dataclass(frozen=True)
class Gallery:
    """Pictures uint8 [N, S, S, 3] and what they were encoded to."""

    pictures: NDArray[np.uint8]
    album: Album


class DecoderTrainer:
    """Trains in `folder`: `decoder.pt` to resume from and `decoder.csv`."""

    def __init__(
        self,
        folder: Path,
        plan: DecoderPlan,
        autoencoder: Any,
        weights: Tensor,
        redrawn: Gallery,
        varied: Gallery,
        eye: Qwen3VLVisionModel,
    ) -> None:
        """`autoencoder`: what encoded the pictures; `weights` [C]: what its channels count; `eye`:
        `perception.load_eye`'s."""
        self.folder, self.plan, self.eye = folder, plan, eye
        self.redrawn, self.varied = redrawn, varied
        self.noise = torch.where(weights > 1, _COLOUR_NOISE, _DETAIL_NOISE)
        self.filters = _random_filters()
        self.model, self.average = create_autoencoder(), create_autoencoder()
        for model in (self.model, self.average):
            model.load_state_dict(autoencoder.state_dict())
        self.model.encoder.requires_grad_(False)
        self.model.quant_conv.requires_grad_(False)
        self.optimizers = optimizers(self.model, plan.learning_rate)
        self.step = int(resume(folder / "decoder.pt", self._parts()).get("step", 0))

    def run(self) -> None:
        """Train to the plan's last step, or until somebody asks to stop."""
        stop, began = StopAsked(), time.monotonic()
        while self.step < self.plan.steps and not stop:
            losses = self.update(*self.batch())
            self.step += 1
            if self.step % _REPORT_EVERY == 0:
                seconds = time.monotonic() - began
                log(self.folder / "decoder.csv", {"step": self.step, "s": seconds, **losses})
            if self.step % self.plan.checkpoint_every == 0:
                self.save()
        self.save()

    def batch(self) -> tuple[Tensor, Tensor]:
        """Noisy latents [B, C, h, w] and their pictures [B, 3, S, S]; a function of the step."""
        rng = np.random.default_rng((77, self.step))
        torch.manual_seed(self.step)
        chosen = [self._one(rng, number < self.plan.oil) for number in range(self.plan.batch)]
        tokens = torch.cat([gallery.album.tokens([row]) for gallery, row in chosen])
        tokens += self.noise * torch.rand(len(tokens), 1, 1) * torch.randn_like(tokens)
        latents = unpack(denormalised(self.model, tokens))
        pictures = np.stack([gallery.pictures[row] for gallery, row in chosen])
        return latents.contiguous(memory_format=channels_last), to_input(pictures)

    def _one(self, rng: np.random.Generator, is_oil: bool) -> tuple[Gallery, int]:
        gallery = self.redrawn if rng.random() < self.plan.drawn else self.varied
        rows, scenes = rng.permutation(len(gallery.album)).tolist(), gallery.album.scenes
        return gallery, next(row for row in rows if not is_oil or scenes[row].style == "oil")

    def update(self, latents: Tensor, pictures: Tensor) -> dict[str, float]:
        with autocast():
            drawn = decode_latents(self.model, latents).float()
        losses = reconstruction_losses(drawn, pictures)
        losses["edges"] = 0.5 * losses["edges"]
        losses["texture"] = self.plan.texture_weight * self.other_texture(drawn, pictures)
        losses["seen"] = self.plan.seen_weight * difference(self.eye, drawn, pictures)
        for parameter in self._parameters():
            parameter.grad = None
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._parameters(), 1.0)
        self.optimizers.step(self._warmth())
        follow(self.average, self.model, self.step, self.plan.average_decay)
        return {name: loss.item() for name, loss in losses.items()}

    def other_texture(self, drawn: Tensor, wanted: Tensor) -> Tensor:
        """How much the texture energies of two pictures differ."""
        return (self._energies(drawn) - self._energies(wanted)).abs().mean()

    def _energies(self, pictures: Tensor) -> Tensor:
        answers = conv2d(pictures, self.filters).square()
        return (avg_pool2d(answers, _NEIGHBOURHOOD, _NEIGHBOURHOOD // 2) + 1e-4).sqrt()

    def _warmth(self) -> float:
        """The learning rate's share at this step."""
        done = min(1.0, self.step / self.plan.steps)
        cooled = max(0.02, 0.5 * (1 + math.cos(math.pi * done)))
        return min(1.0, (self.step + 1) / self.plan.warmup) * cooled

    def _parameters(self) -> list[nn.Parameter]:
        return [p for p in self.model.parameters() if p.requires_grad]

    def save(self) -> None:
        save(self.folder / "decoder.pt", self._parts(), step=self.step)

    def _parts(self) -> dict[str, Part]:
        return {"model": self.model, "average": self.average, "optimizers": self.optimizers}


def _random_filters() -> Tensor:
    """[_FILTERS, 3, k, k] of unit length that answer to no flat colour; half see light alone."""
    size = (_FILTERS, 3, _FILTER_SIDE, _FILTER_SIDE)
    filters = torch.randn(size, generator=torch.Generator().manual_seed(0))
    filters[: _FILTERS // 2] = filters[: _FILTERS // 2].mean(1, keepdim=True)
    filters -= filters.mean((2, 3), keepdim=True)
    unit: Tensor = filters / filters.square().sum((1, 2, 3), keepdim=True).sqrt()
    return unit
