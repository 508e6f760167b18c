"""For the end of the third stage: a critic learns to name the things on somewhat noisy latents."""

import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.draw.checkpoint import StopAsked, log, save
from training.draw.critic import Critic
from training.draw.latents import label_loss, token_labels
from training.draw.train_text import Pairs
from training.muon import Muon
from training.pictures import scene_in
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

    def __init__(
        self, folder: Path, plan: CriticPlan, latents: NDArray[np.float16], pairs: Pairs
    ) -> None:
        self.folder, self.plan, self.latents, self.pairs = folder, plan, latents, pairs
        torch.manual_seed(0)
        self.critic = Critic()
        self.optimizers = _optimizers(self.critic, plan)
        self.step = 0
        self._resume()

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
        rows = [rng.randrange(len(self.latents)) for _ in range(self.plan.batch)]
        labels = [token_labels(scene_in(self.pairs[row // 2], row)) for row in rows]
        clean = torch.from_numpy(self.latents[rows].astype(np.float32))
        return clean, torch.from_numpy(np.stack(labels)).float()

    def update(self, clean: Tensor, labels: Tensor) -> float:
        left = 1 - self.step / self.plan.steps
        warmth = left * min(1.0, (self.step + 1) / self.plan.warmup)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["full"] * warmth
        torch.manual_seed(self.step)
        level = _MOST_NOISE * torch.rand(len(clean), 1, 1)
        with autocast():
            named = self.critic(torch.lerp(clean, torch.randn_like(clean), level))
        loss = label_loss(named.float(), labels)
        self.critic.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in self.optimizers:
            optimizer.step()
        return loss.item()

    def save(self) -> None:
        state = {
            "critic": self.critic.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
        }
        save(self.folder / "critic.pt", state)

    def _resume(self) -> None:
        path = self.folder / "critic.pt"
        if not path.exists():
            return
        state = torch.load(path, weights_only=True)
        self.critic.load_state_dict(state["critic"])
        for optimizer, held in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(held)
        self.step = state["step"]


def _optimizers(critic: Critic, plan: CriticPlan) -> list[torch.optim.Optimizer]:
    """Muon for the kernels, AdamW for the norms, the biases and the head."""
    named = list(critic.named_parameters())
    kernels = [p for name, p in named if p.ndim == 4 and not name.startswith("head")]
    ids = {id(p) for p in kernels}
    rest = [p for _, p in named if id(p) not in ids]
    muon = Muon(kernels, lr=plan.muon_rate)
    adam = torch.optim.AdamW(rest, lr=plan.adam_rate, betas=(0.9, 0.98), weight_decay=0.0)
    for optimizer, rate in ((muon, plan.muon_rate), (adam, plan.adam_rate)):
        for group in optimizer.param_groups:
            group["full"] = rate
    return [muon, adam]
