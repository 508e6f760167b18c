"""The training loop: write what was said, and name its phonemes from the encoder alone.

Three losses. Two as in hybrid CTC/attention recognition (Watanabe et al. 2017): cross-entropy of
the decoder's characters, and CTC over espeak-ng's own phonemes, by a linear layer that is thrown
away afterwards. The third guides attention (Tachibana et al. 2018): the synthesizer says when it
speaks each character, and one head of every decoder layer must look there. Without it the decoder
learns to guess from its own text, and finds out only thousands of updates later that there is a
sound.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, ctc_loss, gelu

from training.asr.batches import IGNORED, Batch, Batches
from training.asr.model import adopt, create, write
from training.asr.units import Units
from training.checkpoint import Part, StopAsked, add_row, resume, save
from training.muon import Muon
from training.optimizers import Optimizers
from training.precision import autocast

_SAVE_EVERY = 240.0  # seconds
_FINAL_SHARE = 0.02  # of the peak learning rate, at the end


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train. The learning rate falls until `minutes` are over, counted
    in this and every earlier sitting together."""

    minutes: float
    learning_rate: float = 2e-3
    warmup: int = 100
    weight_decay: float = 0.05
    ctc_weight: float = 0.3
    guide_weight: float = 0.3
    smoothing: float = 0.05


class Trainer:
    """Trains in `folder`: `state.pt` to resume from, `loss.csv`, and the model in `model/`."""

    def __init__(self, folder: Path, plan: Plan, units: Units, start: Path | None = None) -> None:
        """`start`: a folder of finished weights to go on from, where there is no state yet."""
        self.folder, self.plan = folder, plan
        self.model_folder = folder / "model"
        torch.manual_seed(0)
        self.model: Any = create()
        if start:
            adopt(self.model, start)
        self.ctc = nn.Linear(self.model.config.d_model, len(units))
        self.optimizers = self._make_optimizers()
        counted = resume(folder / "state.pt", self._parts())
        self.step, self.seconds = int(counted.get("step", 0)), float(counted.get("seconds", 0.0))

    def run(self, batches: Batches) -> None:
        """Train until the plan's minutes are over or a signal says stop; both save."""
        stop = StopAsked()
        self.model.train()
        stream = batches.starting_at(self.step)
        saved = time.monotonic()
        while not stop and self._done() < 1:
            began = time.monotonic()
            losses = self._update(next(stream))
            self.step += 1
            self.seconds += time.monotonic() - began
            self._log(losses)
            if time.monotonic() - saved > _SAVE_EVERY:
                self._save()
                saved = time.monotonic()
        self._save()

    def _update(self, batch: Batch) -> dict[str, float]:
        share = self._rate()
        losses = self._losses(batch)
        aside = self.plan.ctc_weight * losses["ctc"] + self.plan.guide_weight * losses["guide"]
        loss = losses["text"] + aside
        self.model.zero_grad()
        self.ctc.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_([*self.model.parameters(), *self.ctc.parameters()], 1.0)
        self.optimizers.step(share)
        told = {name: float(value.detach()) for name, value in losses.items()}
        return told | {"rate": self.plan.learning_rate * share}

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        with autocast():
            heard = encode(self.model.model.encoder, batch.features)
            output = self.model.model.decoder(
                input_ids=batch.tokens,
                encoder_hidden_states=heard,
                use_cache=False,
                output_attentions=True,
            )
            hidden = output.last_hidden_state
            counts = batch.labels != IGNORED
            logits = self.model.proj_out(hidden[counts])
            named = self.ctc(heard)
        smoothing = self.plan.smoothing
        text = cross_entropy(logits.float(), batch.labels[counts], label_smoothing=smoothing)
        right = (logits.argmax(-1) == batch.labels[counts]).float().mean()
        log_probabilities = named.float().log_softmax(-1).transpose(0, 1)  # [T, B, units]
        lengths = torch.full((len(heard),), heard.shape[1])
        ctc = ctc_loss(
            log_probabilities, batch.units, lengths, batch.unit_lengths, zero_infinity=True
        )
        guide = guided(output.cross_attentions, batch.heard)
        return {"text": text, "ctc": ctc, "guide": guide, "right": right}

    def _done(self) -> float:
        return self.seconds / (60 * self.plan.minutes)

    def _rate(self) -> float:
        """Of the peak: a linear rise over the first steps, then a cosine over the minutes."""
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, self._done())))
        rise = min(1.0, (self.step + 1) / self.plan.warmup)
        return rise * (_FINAL_SHARE + (1 - _FINAL_SHARE) * cosine)

    def _make_optimizers(self) -> Optimizers:
        """Muon (Jordan 2024) for the matrices of the layers, AdamW for all else."""
        parameters = [(n, p) for n, p in self.model.named_parameters() if p.requires_grad]
        matrices = [p for n, p in parameters if p.ndim == 2 and ".layers." in n]
        within = {id(p) for p in matrices}
        others = [p for _, p in parameters if id(p) not in within]
        return Optimizers(
            Muon(matrices, lr=self.plan.learning_rate, weight_decay=self.plan.weight_decay),
            torch.optim.AdamW(
                [*others, *self.ctc.parameters()],
                lr=self.plan.learning_rate,
                betas=(0.9, 0.98),
                weight_decay=0.0,
            ),
        )

    def _log(self, losses: dict[str, float]) -> None:
        row = {"step": self.step, "seconds": self.seconds}
        add_row(self.folder / "loss.csv", row | losses)
        if self.step % 20 == 0:
            print(f"asr {self._done():.0%}, step {self.step}:", losses, flush=True)

    def _save(self) -> None:
        counted = {"step": self.step, "seconds": self.seconds}
        save(self.folder / "state.pt", self._parts(), **counted)
        write(self.model, self.model_folder)

    def _parts(self) -> dict[str, Part]:
        return {"model": self.model, "ctc": self.ctc, "optimizers": self.optimizers}


def guided(attentions: Sequence[Tensor], heard: Tensor) -> Tensor:
    """How little the first head of each layer looks where a character is heard: the mean of
    −log of its attention there. `attentions` [B, heads, L, T/2] each; `heard` bool [B, L, T/2]."""
    known = heard.any(-1)
    looked = torch.stack([layer[:, 0][known] for layer in attentions]).float()
    there = (looked * heard[known]).sum(-1)
    return -there.clamp_min(1e-4).log().mean()


def encode(encoder: Any, features: Tensor) -> Tensor:
    """The encoder's states [B, T/2, D] of features [B, 80, T]: its own forward pass, for windows
    shorter than the whole, which the class itself refuses."""
    hidden = gelu(encoder.conv2(gelu(encoder.conv1(features)))).transpose(1, 2)
    hidden = hidden + encoder.embed_positions.weight[: hidden.shape[1]]
    for layer in encoder.layers:
        out = layer(hidden, None)
        hidden = out[0] if isinstance(out, tuple) else out
    states: Tensor = encoder.layer_norm(hidden)
    return states
