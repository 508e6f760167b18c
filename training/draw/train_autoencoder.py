"""First stage: the autoencoder learns to draw again what it sees.

Loss: absolute error, the same on 4 × 4 averages, absolute error of the horizontal and vertical
differences (edges stay sharp), and a small KL term (Kingma & Welling 2014) whose noise makes the
decoder forgive small errors of the transformer. Crops of 128 pixels and whole pictures take turns.
"""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from training.checkpoint import Part, State, StopAsked, log, resume, save
from training.draw.autoencoder import create_autoencoder, decode_latents, encode_moments
from training.draw.start import carry_color
from training.moving import follow
from training.muon import Muon
from training.optimizers import Optimizers
from training.precision import autocast

_CROP = 128
_REPORT_EVERY = 25


@dataclass(frozen=True)
class Plan:
    """How long and how fast. `steps` is where the learning rate reaches its end."""

    steps: int = 1_650
    crops: int = 8
    learning_rate: float = 1.1e-3
    warmup: int = 50
    whole_from: float = 0.85  # share of the steps after which only whole pictures come
    kl_weight: float = 3e-4
    average_decay: float = 0.995
    checkpoint_every: int = 400


class AutoencoderTrainer:
    """Trains in `folder`: `autoencoder.pt` to resume from and `autoencoder.csv`."""

    def __init__(self, folder: Path, plan: Plan, start: State | None = None) -> None:
        """`start`: finished weights to go on from, where there is no state yet."""
        self.plan = plan
        self.folder = folder
        torch.manual_seed(0)
        self.model = create_autoencoder()
        if start:
            self.model.load_state_dict(start)
        else:
            carry_color(self.model)
        self.average = create_autoencoder()
        self.average.load_state_dict(self.model.state_dict())
        self.optimizers = optimizers(self.model, plan.learning_rate)
        path = folder / "autoencoder.pt"
        self.step = int(resume(path, self._parts()).get("step", 0))

    def run(self, pictures: NDArray[np.uint8]) -> None:
        """Train to the plan's last step, or until somebody asks to stop. `pictures`: uint8
        [N, S, S, 3]."""
        stop = StopAsked()
        began = time.monotonic()
        while self.step < self.plan.steps and not stop:
            losses = self.update(self.batch(pictures))
            self.step += 1
            if self.step % _REPORT_EVERY == 0:
                seconds = time.monotonic() - began
                log(self.folder / "autoencoder.csv", {"step": self.step, "s": seconds, **losses})
            if self.step % self.plan.checkpoint_every == 0:
                self.save()
        self.save()

    def batch(self, pictures: NDArray[np.uint8]) -> Tensor:
        """float32 [B, 3, S, S] in -1…1; a function of the step alone."""
        rng = np.random.default_rng((17, self.step))
        whole = self.step % 2 == 1 or self.step > self.plan.whole_from * self.plan.steps
        count, side = (
            (max(1, self.plan.crops // 4), pictures.shape[1]) if whole else (self.plan.crops, _CROP)
        )
        side = min(side, pictures.shape[1])
        rows = rng.integers(len(pictures), size=count)
        corners = rng.integers(pictures.shape[1] - side + 1, size=(count, 2))
        cut = [
            pictures[r, y : y + side, x : x + side] for r, (y, x) in zip(rows, corners, strict=True)
        ]
        return to_input(np.stack(cut))

    def update(self, pictures: Tensor) -> dict[str, float]:
        torch.manual_seed(self.step)
        with autocast():
            moments = encode_moments(self.model, pictures)
            latents, kl = _sample(moments.float())
            drawn = decode_latents(self.model, latents)
        parts = reconstruction_losses(drawn.float(), pictures)
        loss = sum(parts.values()) + self.plan.kl_weight * kl
        self.model.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizers.step(self._warmth())
        follow(self.average, self.model, self.step, self.plan.average_decay)
        return {**{name: part.item() for name, part in parts.items()}, "kl": kl.item()}

    def _warmth(self) -> float:
        """The learning rate's share at this step."""
        plan = self.plan
        done = min(1.0, self.step / plan.steps)
        decayed = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done))
        return min(1.0, (self.step + 1) / plan.warmup) * decayed

    def save(self) -> None:
        save(self.folder / "autoencoder.pt", self._parts(), step=self.step)

    def _parts(self) -> dict[str, Part]:
        return {"model": self.model, "average": self.average, "optimizers": self.optimizers}


def optimizers(model: Any, learning_rate: float) -> Optimizers:
    """Muon for the inner convolutions; AdamW for the outermost ones, norms and biases."""
    outermost = {"encoder.conv_in.weight", "decoder.conv_out.weight"}
    inner: list[Tensor] = []
    rest: list[Tensor] = []
    for name, parameter in model.named_parameters():
        (inner if parameter.ndim == 4 and name not in outermost else rest).append(parameter)
    return Optimizers(
        Muon(inner, lr=learning_rate),
        torch.optim.AdamW(rest, lr=learning_rate, betas=(0.9, 0.95), weight_decay=0.0),
    )


def to_input(pictures: NDArray[np.uint8]) -> Tensor:
    """uint8 [B, S, S, 3] to float32 [B, 3, S, S] in -1…1, channels last in memory."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def reconstruction_losses(drawn: Tensor, wanted: Tensor) -> dict[str, Tensor]:
    """Absolute errors of the pixels, of 4 × 4 averages, and of the differences of neighbours."""
    error = drawn - wanted
    across = error[..., 1:] - error[..., :-1]
    down = error[..., 1:, :] - error[..., :-1, :]
    return {
        "pixels": error.abs().mean(),
        "averages": avg_pool2d(error, 4).abs().mean(),
        "squares": 4 * error.square().mean(),
        "edges": across.abs().mean() + down.abs().mean(),
    }


def peak_signal_to_noise(model: Any, pictures: Tensor) -> float:
    """PSNR in dB of whole pictures [B, 3, S, S], decoded from the mean of their latents."""
    with torch.no_grad():
        means = encode_moments(model, pictures).chunk(2, 1)[0]
        drawn = decode_latents(model, means).clamp(-1, 1)
    error = (drawn - pictures).square().mean().item() / 4
    return -10 * math.log10(error)


def _sample(moments: Tensor) -> tuple[Tensor, Tensor]:
    """Latents drawn from the posterior, and its KL divergence from N(0, 1) per number."""
    mean, log_variance = moments.chunk(2, 1)
    log_variance = log_variance.clamp(-30, 20)
    latents = mean + torch.randn_like(mean) * (log_variance / 2).exp()
    kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()
    return latents, kl
