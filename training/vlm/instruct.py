"""LLaVA's two stages: the mergers learn to speak the language model's language, then they and the
language model learn to answer. Source: Liu et al. 2023, Visual Instruction Tuning.

The tower stays as it is, so a look costs no backward pass.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import Qwen3VLForConditionalGeneration

from training.precision import autocast
from training.vlm.conversations import IGNORE, Batch, Packer
from training.vlm.model import IMAGE_PAD
from training.vlm.pictures import Pictures
from training.vlm.run import Rates, Stage
from training.vlm.slips import slipped
from training.vlm.tower import see
from training.world.phrases import HELD_OUT, TRAIN, PhraseBank
from training.world.questions import Exchange, ask
from training.world.scene import Scene

BATCH = 4
_DESCRIBED = 0.25  # share of pictures that are described too
_CHECK_EVERY = 400  # updates
_FORBIDDEN = -1e4  # added to the scores of what a token may not look at
_RATES = Rates(3.5e-3, 1e-3)
_SHARES = {
    "yes_no": 0.35,
    "absent": 0.6,
    "what": 0.6,
    "style": 0.5,
    "season": 0.5,
    "time": 0.5,
}  # of the exchanges on a topic that has many or is easy, the share kept
_AGAIN = ("compare", "text")  # what is hardest is asked about twice


def align(
    model: Qwen3VLForConditionalGeneration, pictures: Pictures, folder: Path, minutes: float
) -> bool:
    """Stage 1: the mergers alone, on descriptions; False when it was stopped before its end."""
    modules = nn.ModuleDict({"model": model})
    mergers = [(n, p) for n, p in model.named_parameters() if _is_merger(n)]
    stage = Stage("align", folder, modules, mergers, _RATES, minutes)
    if stage.finished:
        return True
    _train_only(model, mergers)
    packer = Packer()

    def losses() -> Iterator[Callable[[], dict[str, Tensor]]]:
        for rows in pictures.rows(2000 + stage.step, BATCH):
            batch = packer.batch([_descriptions(pictures.scene_of(int(r))) for r in rows])
            yield partial(_words, model, batch, pictures.pixels(rows))

    return stage.run(losses(), lambda: exactness(model, pictures, packer), _CHECK_EVERY)


def instruct(
    model: Qwen3VLForConditionalGeneration,
    pictures: Pictures,
    folder: Path,
    minutes: float,
    on_keep: Callable[[], None],
    share: float = 1.0,
) -> bool:
    """Stage 2: all but the tower, on questions, at a `share` of the rates; False when it was
    stopped before its end."""
    modules = nn.ModuleDict({"model": model})
    trained = [(n, p) for n, p in model.named_parameters() if _is_merger(n) or ".visual." not in n]
    stage = Stage("instruct", folder, modules, trained, _RATES.times(share), minutes, on_keep)
    if stage.finished:
        on_keep()
        return True
    _train_only(model, trained)
    packer = Packer()

    def losses() -> Iterator[Callable[[], dict[str, Tensor]]]:
        for rows in pictures.rows(3000 + stage.step, BATCH):
            scenes = map(pictures.scene_of, map(int, rows))
            chosen = [_slipped(conversation(scene, Random(), TRAIN)) for scene in scenes]
            yield partial(_words, model, packer.batch(chosen), pictures.pixels(rows))

    return stage.run(losses(), lambda: exactness(model, pictures, packer), _CHECK_EVERY)


def _slipped(exchanges: list[Exchange]) -> list[Exchange]:
    rng = Random()
    return [replace(one, question=slipped(one.question, rng)) for one in exchanges]


def _is_merger(name: str) -> bool:
    return "merger" in name


def _train_only(model: nn.Module, chosen: list[tuple[str, nn.Parameter]]) -> None:
    model.requires_grad_(requires_grad=False)
    for _, parameter in chosen:
        parameter.requires_grad = True


def conversation(scene: Scene, rng: Random, bank: PhraseBank) -> list[Exchange]:
    """What is asked about a scene, in a random order; a description only now and then."""
    again = [exchange for exchange in ask(scene, rng, bank) if exchange.topic in _AGAIN]
    exchanges = [
        exchange
        for exchange in [*ask(scene, rng, bank), *again]
        if exchange.topic not in ("describe", "brief")
        and rng.random() < _SHARES.get(exchange.topic, 1.0)
    ]
    rng.shuffle(exchanges)
    if rng.random() < _DESCRIBED:
        topic = rng.choice(("describe", "describe", "brief"))
        exchanges = [*(e for e in ask(scene, rng, bank) if e.topic == topic), *exchanges]
    return exchanges


def answer_loss(
    model: Qwen3VLForConditionalGeneration, batch: Batch, tokens: Tensor, deep: list[Tensor]
) -> Tensor:
    """Mean cross-entropy of the answers; `tokens`, `deep` are what the tower saw, [B, 64, d]."""
    hidden = _hidden(model, batch, tokens, deep)
    wanted = batch.labels[:, 1:]
    chosen = hidden[:, :-1][wanted != IGNORE]
    return cross_entropy(model.lm_head(chosen).float(), wanted[wanted != IGNORE])


def _hidden(
    model: Qwen3VLForConditionalGeneration, batch: Batch, tokens: Tensor, deep: list[Tensor]
) -> Tensor:
    pictured = batch.tokens == IMAGE_PAD
    embedded = model.get_input_embeddings()(batch.tokens)
    embedded = embedded.masked_scatter(pictured[..., None], tokens.to(embedded.dtype))
    output = model.model.language_model(
        inputs_embeds=embedded,
        position_ids=batch.places,
        attention_mask=torch.where(batch.mask, 0.0, _FORBIDDEN).to(embedded.dtype),
        visual_pos_masks=pictured,
        deepstack_visual_embeds=[part.flatten(0, 1) for part in deep],
        use_cache=False,
    )
    hidden: Tensor = output.last_hidden_state
    return hidden


def _words(
    model: Qwen3VLForConditionalGeneration, batch: Batch, pixels: Tensor
) -> dict[str, Tensor]:
    return {"words": answer_loss(model, batch, *see(model.model.visual, pixels))}


def _descriptions(scene: Scene) -> list[Exchange]:
    exchanges = ask(scene, Random(), TRAIN)
    return [e for e in exchanges if e.topic in ("describe", "brief")]


@torch.no_grad()
def exactness(
    model: Qwen3VLForConditionalGeneration, pictures: Pictures, packer: Packer, count: int = 96
) -> dict[str, float]:
    """On pictures never trained on, in words never trained on: the share of answers of each topic
    whose every token is the likeliest one given those before it, which is what greedy decoding
    would write."""
    right: dict[str, list[bool]] = {}
    for rows in np.split(pictures.validation(count), count // BATCH):
        _judge(model, pictures, packer, rows, right)
    shares = {topic: sum(hits) / len(hits) for topic, hits in sorted(right.items())}
    every = [hit for topic, hits in right.items() if topic not in ("describe",) for hit in hits]
    return {"exact": sum(every) / len(every), **{f"exact.{t}": s for t, s in shares.items()}}


def _judge(
    model: Qwen3VLForConditionalGeneration,
    pictures: Pictures,
    packer: Packer,
    rows: NDArray[np.int64],
    right: dict[str, list[bool]],
) -> None:
    asked = [_asked(int(row), pictures.scene_of(int(row)), packer) for row in rows]
    batch = packer.batch(asked)
    with autocast():
        tokens, deep = see(model.model.visual, pictures.pixels(rows))
        hidden = _hidden(model, batch, tokens, deep)
    for row, exchanges in enumerate(asked):
        wanted = batch.labels[row, 1:]
        said = model.lm_head(hidden[row, :-1].float()).argmax(-1)
        hits = iter((said == wanted)[wanted != IGNORE].tolist())
        for exchange in exchanges:
            size = len(packer.encode(exchange.answer)) + 1
            right.setdefault(exchange.topic, []).append(all(list(islice(hits, size))))


def _asked(row: int, scene: Scene, packer: Packer) -> list[Exchange]:
    """As many held-out questions as fit a row."""
    rng = Random(f"validation-{row}")
    exchanges = ask(scene, rng, HELD_OUT)
    rng.shuffle(exchanges)
    kept, room = [], packer.length - len(packer.prefix)
    for exchange in exchanges:
        size = len(packer.encode(exchange.question + exchange.answer)) + 6
        if size <= room:
            kept.append(exchange)
            room -= size
    return kept
