"""Second stage: the text encoder learns to read prompts and instructions, without any picture."""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor, nn

from training.checkpoint import Part, StopAsked, log, resume, save
from training.draw.describing import described
from training.draw.prompts import DRAW, Wish, instruction, sample_prompt
from training.draw.text import (
    Reader,
    create_text_encoder,
    reading_loss,
    register_states,
    share_right,
    targets,
)
from training.draw.tokenizer import COMMON_CHARACTERS, END, MAX_LENGTH, REGISTERS, START
from training.draw.wording import WIDE
from training.precision import autocast
from training.world.edits import Change
from training.world.phrases import HELD_OUT, PhraseBank
from training.world.scene import Scene

_REPORT_EVERY = 100
_DESCRIBED = 0.5  # share of prompts whose things are described
_NOISY = 0.3  # share of prompts with a few characters that mean nothing
_DROPOUT = (0.05, 0.15, 0.4)  # BPE dropout (Provilkov et al. 2020): the same word in other pieces

Pairs = list[tuple[Scene, Change]]


@dataclass(frozen=True)
class TextPlan:
    """How long and how fast."""

    steps: int = 2_225
    batch_size: int = 64
    learning_rate: float = 2e-3
    warmup: int = 100
    checkpoint_every: int = 500


class TextTrainer:
    """Trains in `folder`: `text.pt` to resume from and `text.csv`."""

    def __init__(self, folder: Path, plan: TextPlan, tokenizer: Any) -> None:
        self.folder, self.plan, self.tokenizer = folder, plan, tokenizer
        torch.manual_seed(0)
        self.encoder = create_text_encoder(len(tokenizer))
        self.reader = Reader()
        self.optimizer = torch.optim.AdamW(
            self._parameters(), lr=plan.learning_rate, betas=(0.9, 0.98), weight_decay=0.02
        )
        path = folder / "text.pt"
        self.step = int(resume(path, self._parts()).get("step", 0))

    def run(self, pairs: Pairs) -> None:
        """Train to the plan's last step, or until somebody asks to stop."""
        stop = StopAsked()
        began = time.monotonic()
        while self.step < self.plan.steps and not stop:
            loss = self.update(self.wishes(pairs))
            self.step += 1
            if self.step % _REPORT_EVERY == 0:
                row = {"step": self.step, "s": time.monotonic() - began, "loss": loss}
                row["held_out"] = self.held_out_share(pairs)
                log(self.folder / "text.csv", row)
            if self.step % self.plan.checkpoint_every == 0:
                self.save()
        self.save()

    def wishes(self, pairs: Pairs) -> list[Wish]:
        """A batch of prompts (two of three) and instructions; a function of the step alone."""
        rng = Random(f"text-{self.step}")
        batch = []
        for _ in range(self.plan.batch_size):
            scene, change = rng.choice(pairs)
            draws = rng.random() < 2 / 3
            batch.append(
                sample_prompt(scene, rng, WIDE) if draws else instruction(change, rng, WIDE)
            )
        return [_with_noise(_perhaps_described(wish, rng), rng) for wish in batch]

    def update(self, wishes: list[Wish]) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate()
        self.tokenizer.backend_tokenizer.model.dropout = _DROPOUT[self.step % 3]
        tokens, mask = encode_texts(self.tokenizer, [wish.text for wish in wishes])
        self.tokenizer.backend_tokenizer.model.dropout = None
        loss = reading_loss(self._read(tokens, mask), torch.tensor([targets(w) for w in wishes]))
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._parameters(), 1.0)
        self.optimizer.step()
        return loss.item()

    def held_out_share(self, pairs: Pairs, bank: PhraseBank = HELD_OUT) -> float:
        """Share of stated facts named right, in words that training never used."""
        rng = Random("held-out")
        some = [rng.choice(pairs) for _ in range(64)]
        wishes = [sample_prompt(scene, rng, bank) for scene, _ in some]
        wishes += [instruction(change, rng, bank) for _, change in some[:32]]
        tokens, mask = encode_texts(self.tokenizer, [wish.text for wish in wishes])
        with torch.no_grad():
            return share_right(self._read(tokens, mask), torch.tensor([targets(w) for w in wishes]))

    def _read(self, tokens: Tensor, mask: Tensor) -> list[Tensor]:
        tokens, mask = without_padding(tokens, mask)
        with autocast():
            states = self.encoder.model(tokens, attention_mask=mask, use_cache=False)[0]
        first = self.tokenizer.convert_tokens_to_ids(REGISTERS[0])
        logits: list[Tensor] = self.reader(register_states(states.float(), tokens, first))
        return logits

    def _parameters(self) -> list[nn.Parameter]:
        return [*self.encoder.parameters(), *self.reader.parameters()]

    def _learning_rate(self) -> float:
        done = min(1.0, self.step / self.plan.steps)
        warm = min(1.0, (self.step + 1) / self.plan.warmup)
        return self.plan.learning_rate * warm * (0.02 + 0.49 * (1 + math.cos(math.pi * done)))

    def save(self) -> None:
        save(self.folder / "text.pt", self._parts(), step=self.step)

    def _parts(self) -> dict[str, Part]:
        return {"encoder": self.encoder, "reader": self.reader, "optimizer": self.optimizer}


def encode_texts(tokenizer: Any, texts: list[str]) -> tuple[Tensor, Tensor]:
    """Tokens and mask, int64 [B, MAX_LENGTH] each, as the pipeline makes them."""
    framed = [START + text + END + "".join(REGISTERS) for text in texts]
    out = tokenizer(
        framed, return_tensors="pt", padding="max_length", truncation=True, max_length=MAX_LENGTH
    )
    return out["input_ids"], out["attention_mask"]


def without_padding(tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """As much of tokens and mask [B, L] as the longest text needs."""
    longest = int(mask.sum(1).max())
    return tokens[:, :longest], mask[:, :longest]


def _perhaps_described(wish: Wish, rng: Random) -> Wish:
    return described(wish, rng) if rng.random() < _DESCRIBED else wish


def _with_noise(wish: Wish, rng: Random) -> Wish:
    """Sometimes with a few characters put in, so that unknown words are passed over."""
    if (wish.sort != DRAW and rng.random() < 0.5) or rng.random() > _NOISY:
        return wish
    text = wish.text
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(text) + 1)
        text = (
            text[:place]
            + "".join(rng.choices(COMMON_CHARACTERS, k=rng.randint(1, 3)))
            + text[place:]
        )
    return Wish(text, wish.sort, wish.setting, wish.things)
