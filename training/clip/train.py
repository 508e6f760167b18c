"""The training loop: contrast pictures with captions, and name the facts of both.

Two losses. The contrastive one (Radford et al. 2021) counts every picture that a caption truly
describes as right, not its own alone: which ones is known from the facts. The auxiliary one reads
the facts off either embedding with one shared linear layer, which is thrown away afterwards.
"""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.progress import Progress
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, normalize

from training.checkpoint import Part, add_row, resume, save
from training.clip.batches import Batch, Batches
from training.clip.facts import FACTS
from training.clip.model import EMBED_DIM, create, write_skeleton, write_weights
from training.precision import autocast

_LARGEST_SCALE = math.log(100)  # CLIP's bound on the logit scale
_FACT_SHARPNESS = 16.0  # unit embeddings are scaled by this before the fact layer
_TEXT_CHUNKS = 4


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train."""

    steps: int
    batch_size: int = 128
    learning_rate: float = 1.2e-3
    warmup: int = 100
    weight_decay: float = 0.05
    fact_weight: float = 0.05
    checkpoint_every: int = 100


class Trainer:
    """Trains in `folder`: `state.pt` to resume from, `loss.csv`, and the model in `model/`."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.plan = plan
        self.folder = folder
        self.model_folder = folder / "model"
        write_skeleton(self.model_folder)
        torch.manual_seed(0)
        self.model: Any = create(self.model_folder)
        self.model.visual.to(memory_format=torch.channels_last)
        self.facts = nn.Linear(EMBED_DIM, len(FACTS))
        nn.init.constant_(self.facts.bias, -4.0)  # most facts are false
        self.optimizer = torch.optim.AdamW(
            self._parameter_groups(), lr=plan.learning_rate, betas=(0.9, 0.98)
        )
        path = folder / "state.pt"
        self.step = int(resume(path, self._parts()).get("step", 0))

    def run(self, batches: Batches) -> None:
        """Train to the plan's last step, keeping a checkpoint on the way."""
        self.model.train()
        stream = batches.starting_at(self.step)
        with Progress() as progress:
            bar = progress.add_task("clip", total=self.plan.steps, completed=self.step)
            while self.step < self.plan.steps:
                began = time.monotonic()
                losses = self._update(next(stream))
                self.step += 1
                row = {"step": self.step, "seconds": time.monotonic() - began}
                add_row(self.folder / "loss.csv", row | losses)
                progress.update(bar, completed=self.step, description=f"clip {losses['loss']:.2f}")
                if self.step % self.plan.checkpoint_every == 0 or self.step == self.plan.steps:
                    self._checkpoint()

    def _update(self, batch: Batch) -> dict[str, float]:
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate()
        with autocast():
            images = self.model.visual(batch.images.contiguous(memory_format=torch.channels_last))
            texts = encode_by_length(self.model.text, batch.tokens)
        images, texts = normalize(images.float(), dim=-1), normalize(texts.float(), dim=-1)
        contrast = contrastive_loss(images, texts, self.model.logit_scale.exp(), batch)
        named = fact_loss(self.facts, images, texts, batch)
        loss = contrast + self.plan.fact_weight * named
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._parameters(), 1.0)
        self.optimizer.step()
        with torch.no_grad():
            self.model.logit_scale.clamp_(0, _LARGEST_SCALE)
        return {"loss": loss.item(), "contrast": contrast.item(), "facts": named.item()}

    def _learning_rate(self) -> float:
        plan = self.plan
        if self.step < plan.warmup:
            return plan.learning_rate * (self.step + 1) / plan.warmup
        done = (self.step - plan.warmup) / max(1, plan.steps - plan.warmup)
        return plan.learning_rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))

    def _parameters(self) -> list[nn.Parameter]:
        return [*self.model.parameters(), *self.facts.parameters()]

    def _parameter_groups(self) -> list[dict[str, Any]]:
        decayed = [p for p in self._parameters() if p.ndim >= 2]
        free = [p for p in self._parameters() if p.ndim < 2]
        return [
            {"params": decayed, "weight_decay": self.plan.weight_decay},
            {"params": free, "weight_decay": 0.0},
        ]

    def _checkpoint(self) -> None:
        save(self.folder / "state.pt", self._parts(), step=self.step)
        write_weights(self.model, self.model_folder)

    def _parts(self) -> dict[str, Part]:
        return {"model": self.model, "facts": self.facts, "optimizer": self.optimizer}


def encode_by_length(tower: Any, tokens: Tensor) -> Tensor:
    """Embeddings [B, D] of tokens [B, L], padded no further than each quarter of the lengths needs.

    Exact, because the tower is causal and pools at the end-of-text token, before the padding."""
    lengths = (tokens != tower.pad_id).sum(1)
    order = lengths.argsort()
    mask = tower.attn_mask
    parts = []
    for chunk in order.chunk(_TEXT_CHUNKS):
        longest = int(lengths[chunk].max())
        tower.attn_mask = mask[:longest, :longest]
        parts.append(tower(tokens[chunk, :longest]))
    tower.attn_mask = mask
    return torch.cat(parts)[order.argsort()]


def contrastive_loss(images: Tensor, texts: Tensor, scale: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy both ways against every true pair; images and texts are unit rows [B, D]."""
    stated = batch.text_facts.sum(1, keepdim=True)
    true = (batch.text_facts @ batch.image_facts.T == stated).float()  # [texts, images]
    logits = scale * texts @ images.T
    to_images = -(true / true.sum(1, keepdim=True) * logits.log_softmax(1)).sum(1)
    to_texts = -(true / true.sum(0, keepdim=True) * logits.log_softmax(0)).sum(0)
    return (to_images.mean() + to_texts.mean()) / 2


def fact_loss(layer: nn.Linear, images: Tensor, texts: Tensor, batch: Batch) -> Tensor:
    """How badly the facts read off the embeddings, summed over facts. What is true of the picture
    but not said in the caption does not count against the caption."""
    seen = binary_cross_entropy_with_logits(
        layer(images * _FACT_SHARPNESS), batch.image_facts, reduction="none"
    )
    said = binary_cross_entropy_with_logits(
        layer(texts * _FACT_SHARPNESS), batch.text_facts, reduction="none"
    )
    counts = 1 - (batch.image_facts - batch.text_facts)
    return (seen.sum(1).mean() + (said * counts).sum(1).mean()) / 2
