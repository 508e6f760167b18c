"""One stage of training by the clock: checkpoints, a loss curve, rates that end at nothing."""

import csv
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType

import torch
from rich.console import Console
from torch import Tensor, nn

from training.muon import Muon
from training.precision import autocast

WARMUP_SECONDS = 45.0
CHECKPOINT_SECONDS = 240.0
_PRINT_EVERY = 25  # steps
_BETAS = (0.9, 0.95)


@dataclass(frozen=True)
class Rates:
    """Full learning rates: of matrices (Muon), of everything else (AdamW)."""

    matrices: float
    others: float
    weight_decay: float = 0.01
    decay: float = 0.5  # share of the time over which the rates fall

    def times(self, share: float) -> "Rates":
        """A share of both: finished weights want less than new ones."""
        return replace(self, matrices=share * self.matrices, others=share * self.others)


@dataclass
class Stage:
    """A stage that may be stopped (SIGTERM, Ctrl-C) and started again; `seconds` counts training
    alone, over all sittings."""

    name: str
    folder: Path
    modules: nn.ModuleDict
    trained: list[tuple[str, nn.Parameter]]
    rates: Rates
    minutes: float
    on_keep: Callable[[], None] = lambda: None
    step: int = 0
    seconds: float = 0.0
    stopped: bool = False
    _recent: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        matrices = [p for n, p in self.trained if is_matrix(n, p)]
        others = [p for n, p in self.trained if not is_matrix(n, p)]
        decay = self.rates.weight_decay
        self.optimizers: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(others, lr=self.rates.others, betas=_BETAS, weight_decay=0.0)
        ]
        if matrices:
            self.optimizers.append(Muon(matrices, lr=self.rates.matrices, weight_decay=decay))
        self._resume()

    @property
    def path(self) -> Path:
        return self.folder / f"{self.name}.pt"

    @property
    def finished(self) -> bool:
        return self.seconds >= self.minutes * 60

    def run(
        self,
        losses: Iterator[Callable[[], dict[str, Tensor]]],
        check: Callable[[], dict[str, float]],
        check_every: int,
    ) -> bool:
        """Minimise the sum of what `losses` yields; False when it was stopped before its end."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        kept = time.monotonic()
        while not self.finished and not self.stopped:
            began = time.monotonic()
            self._update(next(losses))
            self.seconds += time.monotonic() - began
            if self.step % _PRINT_EVERY == 0:
                self._report(check() if self.step % check_every == 0 else {})
            if time.monotonic() - kept > CHECKPOINT_SECONDS:
                self.keep()
                kept = time.monotonic()
        self.keep()
        return self.finished and not self.stopped

    def keep(self) -> None:
        """Write the checkpoint, and whatever else is to be written with it."""
        state = {
            "modules": self.modules.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "seconds": self.seconds,
        }
        partial = self.path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.path)
        self.on_keep()

    def _stop(self, _: int, __: FrameType | None) -> None:
        self.stopped = True

    def _update(self, losses: Callable[[], dict[str, Tensor]]) -> None:
        share = self._share()
        for optimizer, rate in zip(
            self.optimizers, (self.rates.others, self.rates.matrices), strict=False
        ):
            for group in optimizer.param_groups:
                group["lr"] = rate * share
            optimizer.zero_grad(set_to_none=True)
        with autocast():
            parts = losses()
        torch.stack(list(parts.values())).sum().backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_([p for _, p in self.trained], 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
        self.step += 1
        for name, value in parts.items():
            now = value.item()
            self._recent[name] = 0.95 * self._recent.get(name, now) + 0.05 * now

    def _share(self) -> float:
        total = self.minutes * 60
        left = max(0.0, total - self.seconds) / (self.rates.decay * total)
        return min(1.0, (self.seconds + 1) / WARMUP_SECONDS, max(left, 0.01))

    def _report(self, found: dict[str, float]) -> None:
        figures = {**self._recent, **found}
        words = " ".join(f"{name} {value:.3f}" for name, value in figures.items())
        line = f"{self.name} step {self.step} {self.seconds / 60:.1f}/{self.minutes:g} min {words}"
        Console(soft_wrap=True).print(line, highlight=False)
        with (self.folder / "loss.csv").open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            for name, value in figures.items():
                writer.writerow([self.name, self.step, round(self.seconds), name, f"{value:.4f}"])

    def _resume(self) -> None:
        if not self.path.exists():
            return
        state = torch.load(self.path, weights_only=True)
        self.modules.load_state_dict(state["modules"])
        self.step, self.seconds = state["step"], state["seconds"]
        if not self.finished:
            for optimizer, kept in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(kept)


def is_matrix(name: str, parameter: nn.Parameter) -> bool:
    """Whether Muon takes it: the matrices inside, not embeddings and not what reads them off, nor
    those of the mergers, whose size would make Muon slower than the pass itself."""
    return parameter.ndim == 2 and not any(part in name for part in ("embed", "heads", "merger"))
