"""For the end of the third stage: a critic learns to name the things on somewhat noisy latents."""

import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from torch import Tensor, nn

from training.checkpoint import Part, StopAsked, log, resume, save
from training.draw.album import Album
from training.draw.critic import Critic
from training.draw.latents import label_loss, labels_of
from training.muon import Muon
from training.optimizers import Optimizers
from training.precision import autocast

_REPORT_EVERY = 50
_MOST_NOISE = 0.4  # noise level; what the transformer foresees is never quite clean


@dataclass(frozen=True)
class CriticPlan:
    """How long and how fast; the learning rate falls straight to nothing."""

    steps: int = 1_000
    batch: int = 64
    muon_rate: float = 2e-3
    adam_rate: float = 1e-3
    warmup: int = 30
    checkpoint_every: int = 300


class CriticTrainer:
    """Trains in `folder`: `critic.pt` to resume from and `critic.csv`."""

    def __init__(self, folder: Path, plan: CriticPlan, album: Album) -> None:
        self.folder, self.plan, self.album = folder, plan, album
        torch.manual_seed(0)
        self.critic = Critic()
        self.optimizers = _optimizers(self.critic, plan)
        path = folder / "critic.pt"
        self.step = int(resume(path, self._parts()).get("step", 0))

    def run(self) -> None:
        """Train to the plan's last step, or until somebody asks to stop."""
        stop, began = StopAsked(), time.monotonic()
        while self.step < self.plan.steps and not stop:
            loss = self.update(*self.batch())
            self.step += 1
            if self.step % _REPORT_EVERY == 0:
                spent = time.monotonic() - began
                log(self.folder / "critic.csv", {"step": self.step, "s": spent, "labels": loss})
            if self.step % self.plan.checkpoint_every == 0:
                self.save()
        self.save()

    def batch(self) -> tuple[Tensor, Tensor]:
        """Tokens [B, TOKENS, C] and their labels [B, TOKENS, LABELS]; a function of the step."""
        rng = Random(f"critic-{self.step}")
        rows = [rng.randrange(len(self.album)) for _ in range(self.plan.batch)]
        return self.album.tokens(rows), labels_of([self.album.scenes[row] for row in rows])

    def update(self, clean: Tensor, labels: Tensor) -> float:
        left = 1 - self.step / self.plan.steps
        warmth = left * min(1.0, (self.step + 1) / self.plan.warmup)
        torch.manual_seed(self.step)
        level = _MOST_NOISE * torch.rand(len(clean), 1, 1)
        with autocast():
            named = self.critic(torch.lerp(clean, torch.randn_like(clean), level))
        loss = label_loss(named.float(), labels)
        self.critic.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizers.step(warmth)
        return loss.item()

    def save(self) -> None:
        save(self.folder / "critic.pt", self._parts(), step=self.step)

    def _parts(self) -> dict[str, Part]:
        return {"critic": self.critic, "optimizers": self.optimizers}


def _optimizers(critic: Critic, plan: CriticPlan) -> Optimizers:
    """Muon for the kernels, AdamW for the norms, the biases and the head."""
    kernels: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, parameter in critic.named_parameters():
        is_kernel = parameter.ndim == 4 and not name.startswith("head")
        (kernels if is_kernel else rest).append(parameter)
    return Optimizers(
        Muon(kernels, lr=plan.muon_rate),
        torch.optim.AdamW(rest, lr=plan.adam_rate, betas=(0.9, 0.98), weight_decay=0.0),
    )
