"""The judge's training loop.

The cosine follows the CPU's clock, so that a busy machine takes longer and learns as much.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import torch
from rich.progress import Progress
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, logsigmoid, softplus

from training.checkpoint import Part, add_row, resume, save
from training.judge.batches import Batch, Batches
from training.judge.model import JudgeNet, Maps, start_from_clip, write_weights
from training.judge.targets import NO_COLOR, Targets
from training.precision import autocast


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train. `minutes` are the CPU's own, over every sitting."""

    minutes: float
    learning_rate: float = 1e-3
    warmup_minutes: float = 0.2
    weight_decay: float = 0.05
    checkpoint_minutes: float = 0.5


class Trainer:
    """Trains in `folder`: `state.pt` to resume from, `loss.csv`, and the weights in `model/`."""

    def __init__(self, folder: Path, plan: Plan, clip: Path) -> None:
        self.folder, self.plan = folder, plan
        torch.manual_seed(0)
        self.net = JudgeNet()
        start_from_clip(self.net, clip)
        self.net.to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.AdamW(
            self._parameter_groups(), lr=plan.learning_rate, fused=True
        )
        counted = resume(folder / "state.pt", self._parts())
        self.step, self.minutes = int(counted.get("step", 0)), float(counted.get("minutes", 0.0))

    def run(self, batches: Batches, stop: Event) -> None:
        """Train until the plan's time is over or `stop` is set, with checkpoints on the way."""
        self.net.train()
        saved = self.minutes
        stream = batches.starting_at(self.step)
        with Progress() as progress:
            bar = progress.add_task("judge", total=self.plan.minutes)
            while self.minutes < self.plan.minutes and not stop.is_set():
                losses = self._timed_update(stream)
                row = {"step": self.step, "minutes": self.minutes}
                add_row(self.folder / "loss.csv", row | losses)
                description = f"judge {losses['loss']:.2f}"
                progress.update(bar, completed=self.minutes, description=description)
                if self.minutes - saved > self.plan.checkpoint_minutes:
                    self._checkpoint()
                    saved = self.minutes
        self._checkpoint()

    def _timed_update(self, stream: Iterator[Batch]) -> dict[str, float]:
        began = time.process_time()
        losses = self._update(next(stream))
        self.step += 1
        self.minutes += (time.process_time() - began) / 60
        return losses

    def _update(self, batch: Batch) -> dict[str, float]:
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate()
        with autocast():
            maps = self.net(batch.images.contiguous(memory_format=torch.channels_last))
        losses = losses_of(maps, batch.targets)
        loss = losses["heat"] + 0.5 * losses["color"] + 0.3 * losses["setting"]
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimizer.step()
        return {"loss": loss.item()} | {name: value.item() for name, value in losses.items()}

    def _learning_rate(self) -> float:
        plan = self.plan
        if self.minutes < plan.warmup_minutes:
            return plan.learning_rate * (0.05 + self.minutes / plan.warmup_minutes)
        done = (self.minutes - plan.warmup_minutes) / (plan.minutes - plan.warmup_minutes)
        return plan.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))

    def _parameter_groups(self) -> list[dict[str, object]]:
        parameters = [p for p in self.net.parameters() if p.requires_grad]
        return [
            {
                "params": [p for p in parameters if p.ndim >= 2],
                "weight_decay": self.plan.weight_decay,
            },
            {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
        ]

    def _checkpoint(self) -> None:
        counted = {"step": self.step, "minutes": self.minutes}
        save(self.folder / "state.pt", self._parts(), **counted)
        write_weights(self.net, self.folder / "model")

    def _parts(self) -> dict[str, Part]:
        return {"net": self.net, "optimizer": self.optimizer}


def losses_of(maps: Maps, targets: Targets) -> dict[str, Tensor]:
    """`heat` a thing, `color` a coloured cell, `setting` summed over the five settings."""
    settings = [
        cross_entropy(logits, targets.settings[name]) for name, logits in maps.settings.items()
    ]
    return {
        "heat": heat_loss(maps.heat, targets.heat),
        "color": color_loss(maps.color, targets.color),
        "setting": torch.stack(settings).sum(),
    }


def heat_loss(logits: Tensor, heat: Tensor) -> Tensor:
    """CenterNet's focal loss (Zhou et al. 2019, eq. 1), a thing; both [B, kinds, G, G]."""
    middle = heat == 1
    at_middle = logits[middle]
    hit = logsigmoid(at_middle) * (1 - at_middle.sigmoid()) ** 2
    away = (1 - heat).square().square()  # 0 in the middle itself
    miss = -softplus(logits) * logits.sigmoid().square() * away
    return -(hit.sum() + miss.sum()) / middle.sum().clamp(min=1)


def color_loss(logits: Tensor, color: Tensor) -> Tensor:
    """Cross-entropy over the coloured cells; logits [B, colours, G, G], color [B, G, G]."""
    total = cross_entropy(logits, color, ignore_index=NO_COLOR, reduction="sum")
    return total / (color != NO_COLOR).sum().clamp(min=1)
