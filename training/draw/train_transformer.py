"""Third stage: flow matching (Lipman et al. 2023) in the latent space, from words to pictures.

Most batches draw from a prompt, asked pictures alone: there a thing has few ways to look, and one
place to stand, which so small a net can learn to paint. The others change a reference picture,
steady or not, by an instruction. Half way through, the tokens of the noisy picture must also tell
which kinds and colours will stand on their squares: the world knows its layout, and dense labels
teach in thousands of pictures what the velocity alone teaches in millions (the idea of REPA, Yu et
al. 2025, with labels for features). In the last part a critic also compares what the transformer
foresees with the true picture.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor, nn

from training.checkpoint import Part, State, StopAsked, log, resume, save
from training.draw.album import Album, PairAlbum
from training.draw.critic import Critic, strangeness
from training.draw.latents import LABELS, label_loss, labels_of
from training.draw.prompts import instruction
from training.draw.settling import prompt_for
from training.draw.text import features
from training.draw.train_text import encode_texts, without_padding
from training.draw.transformer import SHIFT, WIDTH, Denoiser, create_transformer
from training.draw.wording import WIDE
from training.moving import follow
from training.muon import Muon
from training.optimizers import Optimizers
from training.precision import autocast

_REPORT_EVERY = 20
_COOLED = 0.02  # the learning rate's share at the very end


@dataclass(frozen=True)
class DrawPlan:
    """How fast. The learning rate stays level until `minutes` are nearly over, then cools down."""

    minutes: float = 60.0
    cooling: float = 0.3  # share of the minutes
    prompts: int = 40  # a batch of drawing
    instructions: int = 24  # a batch of editing
    edits: float = 0.2  # share of the batches
    varied: float = 0.6  # share of the edits whose picture isn't a steady one
    wordless: float = 0.1  # share of samples without words, for guidance
    padded: float = 0.2  # share of batches with the pipeline's padding, which is time for nothing
    thing_weight: float = 2.0  # of the error where a thing stands, 1 elsewhere
    muon_rate: float = 2e-3
    adam_rate: float = 1.2e-3
    warmup: int = 60
    label_weight: float = 0.1
    criticised: float = 0.5  # share of the minutes, at their end
    critic_weight: float = 2.0  # about as much of the gradient as the velocity has
    average_decay: float = 0.998
    checkpoint_minutes: float = 5.0


@dataclass(frozen=True)
class Material:
    """What to learn from: pictures that words fix wholly, pairs without accidents, and pairs like
    the pictures that people bring.

    `weights` [C]: how much each channel's error counts, mean 1; `critic`: trained, if any."""

    asked: Album
    steady: PairAlbum
    varied: PairAlbum
    weights: Tensor
    tokenizer: Any
    text_encoder: Any
    critic: Critic | None = None


@dataclass(frozen=True)
class Batch:
    """`clean`, `reference` [B, TOKENS, C]; `text` [B, L, F]; `labels` [B, TOKENS, LABELS]."""

    clean: Tensor
    text: Tensor
    labels: Tensor
    reference: Tensor | None


class DrawTrainer:
    """Trains in `folder`: `draw.pt` to resume from and `draw.csv`."""

    def __init__(
        self, folder: Path, plan: DrawPlan, material: Material, start: State | None = None
    ) -> None:
        """`start`: finished weights to go on from, where there is no state yet."""
        self.folder, self.plan, self.material = folder, plan, material
        torch.manual_seed(0)
        self.transformer = create_transformer()
        if start:
            self.transformer.load_state_dict(start)
        self.average = create_transformer()
        self.average.load_state_dict(self.transformer.state_dict())
        self.labels = nn.Linear(WIDTH, len(LABELS))
        nn.init.constant_(self.labels.bias, -3.0)  # most squares show nothing
        self.denoise = Denoiser(self.transformer)
        self.optimizers = self._optimizers()
        path = folder / "draw.pt"
        self.step = int(resume(path, self._parts()).get("step", 0))

    def run(self) -> None:
        """Train until the minutes are over, or somebody asks to stop."""
        stop, began = StopAsked(), time.monotonic()
        saved = began
        while (spent := (time.monotonic() - began) / 60) < self.plan.minutes and not stop:
            is_criticised = spent > self.plan.minutes * (1 - self.plan.criticised)
            losses = self.update(self.batch(), self.warmth(spent), is_criticised)
            self.step += 1
            if self.step % _REPORT_EVERY == 0:
                log(self.folder / "draw.csv", {"step": self.step, "s": 60 * spent, **losses})
            if time.monotonic() - saved > 60 * self.plan.checkpoint_minutes:
                self.save()
                saved = time.monotonic()
        self.save()

    def warmth(self, spent: float) -> float:
        """The learning rate's share after `spent` minutes: level, then straight down."""
        plan = self.plan
        warm = min(1.0, (self.step + 1) / plan.warmup)
        left = (plan.minutes - spent) / (plan.minutes * plan.cooling)
        return warm * max(_COOLED, min(1.0, left))

    def batch(self) -> Batch:
        """A function of the step alone."""
        rng = Random(f"draw-{self.step}")
        edits = rng.random() < self.plan.edits
        return self._edits(rng) if edits else self._drawings(rng)

    def _drawings(self, rng: Random) -> Batch:
        album = self.material.asked
        rows, texts = self._alike_long(album, rng)
        labels = labels_of([album.scenes[row] for row in rows])
        return Batch(album.tokens(rows), self._encode(texts, rng), labels, None)

    def _alike_long(self, album: Album, rng: Random) -> tuple[list[int], list[str]]:
        """Rows and prompts of a batch: of three times as many the short, the middle or the long
        ones, so that little of what is computed is padding."""
        count = self.plan.prompts
        rows = [rng.randrange(len(album)) for _ in range(3 * count)]
        asked = [(prompt_for(album.scenes[row], rng), row) for row in rows]
        asked.sort(key=lambda one: len(self.material.tokenizer.tokenize(one[0])))
        start = count * rng.randrange(3)
        chosen = asked[start : start + count]
        return [row for _, row in chosen], [self._perhaps_wordless(t, rng) for t, _ in chosen]

    def _edits(self, rng: Random) -> Batch:
        texts, pictures, scenes = [], [], []
        for _ in range(self.plan.instructions):
            is_varied = rng.random() < self.plan.varied
            album = self.material.varied if is_varied else self.material.steady
            pair = rng.randrange(len(album) // 2)
            change = album.changes[pair]
            texts.append(self._perhaps_wordless(instruction(change, rng, WIDE).text, rng))
            scenes.append(change.after)
            pictures.append(album.tokens([2 * pair, 2 * pair + 1]))
        before, after = torch.stack(pictures, 1)
        return Batch(after, self._encode(texts, rng), labels_of(scenes), before)

    def _perhaps_wordless(self, text: str, rng: Random) -> str:
        return "" if rng.random() < self.plan.wordless else text

    def _encode(self, texts: list[str], rng: Random) -> Tensor:
        tokens, mask = encode_texts(self.material.tokenizer, texts)
        if rng.random() >= self.plan.padded:
            tokens, mask = without_padding(tokens, mask)
        with torch.no_grad(), autocast():
            return features(self.material.text_encoder, tokens, mask).float()

    def update(self, batch: Batch, warmth: float, is_criticised: bool = False) -> dict[str, float]:
        losses = self._losses(batch, self.material.critic if is_criticised else None)
        for parameter in self._parameters():
            parameter.grad = None
        weights = {
            "flow": 1.0,
            "labels": self.plan.label_weight,
            "strange": self.plan.critic_weight,
        }
        total = torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._parameters(), 1.0)
        self.optimizers.step(warmth)
        follow(self.average, self.transformer, self.step, self.plan.average_decay)
        kind = "draw" if batch.reference is None else "edit"
        told = {name: loss.item() for name, loss in losses.items()}
        return {"draw": 0.0, "edit": 0.0, "strange": 0.0, kind: told.pop("flow"), **told}

    def _losses(self, batch: Batch, critic: Critic | None) -> dict[str, Tensor]:
        """Of the velocity, of the labels, and of what the critic finds, if it is asked."""
        torch.manual_seed(self.step)
        noise = torch.randn_like(batch.clean)
        sigma = noise_levels(len(noise))
        mixed = torch.lerp(batch.clean, noise, sigma[:, None, None])
        with autocast():
            velocity, tokens = self.denoise(mixed, sigma, batch.text, batch.reference)
            named = self.labels(tokens)
        wrong = (velocity.float() - (noise - batch.clean)).square() * self.material.weights
        losses = {
            "flow": self._weighted(wrong.mean(-1), batch.labels),
            "labels": label_loss(named.float(), batch.labels),
        }
        if critic is not None:
            foreseen = mixed - sigma[:, None, None] * velocity.float()
            losses["strange"] = self._strangeness(critic, foreseen, sigma, batch)
        return losses

    def _strangeness(self, critic: Critic, foreseen: Tensor, sigma: Tensor, batch: Batch) -> Tensor:
        """Mean of what the critic finds, less where noise leaves little to foresee."""
        with autocast():
            found = strangeness(critic, foreseen, batch.clean)
        return self._weighted(found * (1 - sigma)[:, None], batch.labels)

    def _weighted(self, wrong: Tensor, labels: Tensor) -> Tensor:
        """Mean of the errors [B, TOKENS], things counting more than what lies behind them."""
        weights = 1 + (self.plan.thing_weight - 1) * labels.amax(-1)
        return (wrong * weights).sum() / weights.sum()

    def _parameters(self) -> list[nn.Parameter]:
        return [*self.transformer.parameters(), *self.labels.parameters()]

    def _optimizers(self) -> Optimizers:
        """Muon for the blocks' matrices; AdamW for everything before, after and between."""
        blocks: list[nn.Parameter] = []
        rest = list(self.labels.parameters())
        for name, parameter in self.transformer.named_parameters():
            (blocks if parameter.ndim == 2 and "blocks" in name else rest).append(parameter)
        return Optimizers(
            Muon(blocks, lr=self.plan.muon_rate),
            torch.optim.AdamW(rest, lr=self.plan.adam_rate, betas=(0.9, 0.98), weight_decay=0.0),
        )

    def save(self) -> None:
        save(self.folder / "draw.pt", self._parts(), step=self.step)

    def _parts(self) -> dict[str, Part]:
        return {
            "transformer": self.transformer,
            "average": self.average,
            "labels": self.labels,
            "optimizers": self.optimizers,
        }


def noise_levels(count: int) -> Tensor:
    """Noise levels [count] in 0…1: logit-normal (Esser et al. 2024), shifted as when drawing."""
    level = torch.randn(count).sigmoid()
    return SHIFT * level / (1 + (SHIFT - 1) * level)
