"""Train the starter language model: `python -m training.llm.train --minutes 70`.

Conversations are generated while it trains; no epoch ever repeats. Muon for the matrices, AdamW for
the embedding and the norms, bf16 autocast; warm-up, a plateau, a linear decay over the last share
of the time. A run resumes from `--run`; with more `--minutes` it goes on at the plateau. With
`--weights` it begins from finished weights instead, best with a `--rate` well under 1.
"""

import argparse
import csv
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import Qwen3ForCausalLM

from training.llm import model as starter
from training.llm.encode import IGNORE, Batch, batches
from training.llm.vocabulary import build_tokenizer
from training.muon import Muon
from training.precision import autocast

WARMUP_SECONDS = 60.0
EMA_HALF_LIFE = 150  # steps
HELD_OUT_SEED = 1
BETAS = (0.9, 0.95)


@dataclass
class Settings:
    run: Path
    out: Path
    minutes: float  # of processor time in training steps, all sittings together
    decay: float  # share of the time over which the rate falls to nothing
    drill: float  # share of batches that only repeat
    tokens: int  # of a batch, without the tools
    weights: Path | None  # a folder to begin from
    rate: float  # of the full learning rates
    matrix_rate: float = 5e-3
    embedding_rate: float = 0.02
    gain_rate: float = 3e-3


@dataclass
class State:
    """What a run needs to go on."""

    model: Qwen3ForCausalLM
    optimizers: list[torch.optim.Optimizer]
    ema: dict[str, torch.Tensor]
    step: int = 0
    seconds: float = 0.0
    tokens: int = 0
    loss: float = field(default=0.0)


def loss_of(model: Qwen3ForCausalLM, batch: Batch) -> torch.Tensor:
    """Mean cross-entropy over what the model itself writes; the tools are computed once."""
    rows = len(batch.inputs)
    cache = model.model(batch.prefix, use_cache=True).past_key_values
    for layer in cache.layers:
        layer.keys = layer.keys.expand(rows, -1, -1, -1)
        layer.values = layer.values.expand(rows, -1, -1, -1)
    hidden = model.model(batch.inputs, past_key_values=cache, use_cache=True).last_hidden_state
    wanted = batch.labels[:, 1:].flatten()
    chosen = _padded((wanted != IGNORE).nonzero().flatten())
    logits = model.lm_head(hidden[:, :-1].flatten(0, 1)[chosen]).float()
    losses = nn.functional.cross_entropy(logits, wanted[chosen], reduction="none")
    return losses.mean()


def _padded(places: torch.Tensor) -> torch.Tensor:
    """Repeat the first few so that their number is a multiple of 256: few shapes, few kernels."""
    short = -len(places) % 256
    return torch.cat([places, places[:short]])


def rate(seconds: float, settings: Settings) -> float:
    """Share of the full learning rate: warm-up, plateau, linear decay."""
    total = settings.minutes * 60
    left = max(0.0, total - seconds) / (settings.decay * total)
    return settings.rate * min(1.0, (seconds + 1) / WARMUP_SECONDS, left)


def new_state(settings: Settings) -> State:
    torch.manual_seed(0)
    model = starter.build() if settings.weights is None else starter.load(settings.weights)
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    gains = [p for p in model.parameters() if p.ndim == 1]
    embedding = [p for n, p in model.named_parameters() if "embed" in n]
    optimizers: list[torch.optim.Optimizer] = [
        Muon(matrices, lr=settings.matrix_rate),
        torch.optim.AdamW(embedding, lr=settings.embedding_rate, betas=BETAS, weight_decay=0.0),
        torch.optim.AdamW(gains, lr=settings.gain_rate, betas=BETAS, weight_decay=0.0),
    ]
    ema = {n: p.detach().clone() for n, p in model.state_dict().items()}
    state = State(model, optimizers, ema)
    checkpoint = settings.run / "last.pt"
    if checkpoint.exists():
        _restore(state, torch.load(checkpoint, weights_only=True))
    return state


def _restore(state: State, saved: dict[str, Any]) -> None:
    state.model.load_state_dict(saved["model"])
    for optimizer, kept in zip(state.optimizers, saved["optimizers"], strict=True):
        optimizer.load_state_dict(kept)
    state.ema = saved["ema"]
    state.step, state.seconds, state.tokens = saved["step"], saved["seconds"], saved["tokens"]


def keep(state: State, settings: Settings) -> None:
    """Write the run's checkpoint, then the averaged weights as a model that loads anywhere."""
    saved = {
        "model": state.model.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in state.optimizers],
        "ema": state.ema,
        "step": state.step,
        "seconds": state.seconds,
        "tokens": state.tokens,
    }
    partial = settings.run / "partial.pt"
    torch.save(saved, partial)
    partial.replace(settings.run / "last.pt")
    starter.save(state.ema, settings.out)


def step(state: State, batch: Batch, settings: Settings) -> None:
    share = rate(state.seconds, settings)
    full_rates = (settings.matrix_rate, settings.embedding_rate, settings.gain_rate)
    for optimizer, full in zip(state.optimizers, full_rates, strict=True):
        optimizer.param_groups[0]["lr"] = full * share
        optimizer.zero_grad(set_to_none=True)
    with autocast():
        loss = loss_of(state.model, batch)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(state.model.parameters(), 1.0)
    for optimizer in state.optimizers:
        optimizer.step()
    _average(state, share)
    state.loss = loss.item()
    state.step += 1
    state.tokens += batch.inputs.numel()


@torch.no_grad()
def _average(state: State, share: float) -> None:
    """Exponential average; it follows faster as the rate falls, so the end is the model itself."""
    keep_share = 0.5 ** (1 / (EMA_HALF_LIFE * min(1.0, max(share, 0.1), (state.step + 10) / 1500)))
    for name, value in state.model.state_dict().items():
        state.ema[name].lerp_(value, 1 - keep_share)


@torch.no_grad()
def held_out_loss(model: Qwen3ForCausalLM, held_out: list[Batch]) -> float:
    with autocast():
        losses = [loss_of(model, batch).item() for batch in held_out]
    return sum(losses) / len(losses)


def take(stream: Iterator[Batch], number: int) -> list[Batch]:
    return [next(stream) for _ in range(number)]


def train(settings: Settings) -> None:
    settings.run.mkdir(parents=True, exist_ok=True)
    tokenizer = build_tokenizer()
    state = new_state(settings)
    held_out = take(batches(HELD_OUT_SEED, tokenizer, 2048, pool=64), 12)
    stream = batches(1000 + state.step, tokenizer, settings.tokens, drill=settings.drill)
    log = csv.writer((settings.run / "loss.csv").open("a", encoding="utf-8", buffering=1))
    kept_at, recent = state.seconds, 0.0
    while state.seconds < settings.minutes * 60:
        began = time.process_time()
        step(state, next(stream), settings)
        state.seconds += time.process_time() - began
        recent = state.loss if state.step < 2 else 0.95 * recent + 0.05 * state.loss
        if state.step % 50 == 0:
            held = held_out_loss(state.model, held_out) if state.step % 250 == 0 else ""
            speed = state.tokens / state.seconds
            log.writerow([state.step, round(state.seconds), state.tokens, f"{recent:.4f}", held])
            print(
                f"step {state.step} {state.seconds / 60:.1f} min loss {recent:.4f} "
                f"held-out {held} {speed:.0f} tokens/s",
                flush=True,
            )
        if state.seconds - kept_at > 120:
            keep(state, settings)
            kept_at = state.seconds
    keep(state, settings)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=70)
    parser.add_argument("--decay", type=float, default=0.3)
    parser.add_argument("--drill", type=float, default=0.1)
    parser.add_argument("--tokens", type=int, default=2048)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--rate", type=float, default=1.0)
    parser.add_argument("--run", type=Path, default=Path("runs/llm"))
    parser.add_argument("--out", type=Path, default=Path("runs/llm/export"))
    options = parser.parse_args()
    train(Settings(**vars(options)))


if __name__ == "__main__":
    main()
