"""Stage 0: the vision tower learns to name what lies in every cell, and the picture's setting.

LLaVA takes a tower that was trained before (CLIP); nothing that small exists, so it is trained
here, on labels that the layout gives for nothing. The heads are thrown away afterwards.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLVisionModel

from training.precision import autocast
from training.vlm.labels import CELL_VALUES, IGNORE, SCENE_VALUES
from training.vlm.pictures import BATCH, VALIDATION_ROWS, Pictures
from training.vlm.run import Rates, Stage
from training.vlm.tower import see
from training.world.kinds import KINDS
from training.world.signs import GLYPHS

_RATES = Rates(5e-3, 2e-3)
_CELL_WEIGHTS = {"kind": 2.0, "color": 1.0, "count": 1.0, "side": 0.4, "row": 0.4, "text": 1.0}
_DEEP_WEIGHT = 0.25
_KINDS_WEIGHT = 5.0
_GLYPHS_WEIGHT = 0.5  # what single cells say comes before what a whole sign says

Named = tuple[Tensor, Tensor, Tensor, Tensor]  # cells, scene, kinds, glyphs as in Labels


class Heads(nn.Module):
    """Linear readings of one level of visual tokens."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cells = nn.ModuleDict({n: nn.Linear(width, len(v)) for n, v in CELL_VALUES.items()})
        self.scene = nn.ModuleDict({n: nn.Linear(width, len(v)) for n, v in SCENE_VALUES.items()})
        self.kinds = nn.Linear(width, len(KINDS))
        self.glyphs = nn.Linear(width, len(GLYPHS))


def new_heads(visual: Qwen3VLVisionModel) -> nn.ModuleList:
    """Untrained heads for the last level of visual tokens and for those of the deep stack."""
    levels = 1 + len(visual.deepstack_merger_list)
    return nn.ModuleList([Heads(int(visual.config.out_hidden_size)) for _ in range(levels)])


def pretrain(
    visual: Qwen3VLVisionModel,
    heads: nn.ModuleList,
    pictures: Pictures,
    folder: Path,
    minutes: float,
    share: float = 1.0,
) -> bool:
    """Train tower and heads in `folder` at a `share` of the rates; False when it was stopped before
    its end."""
    modules = nn.ModuleDict({"visual": visual, "heads": heads})
    trained = list(modules.named_parameters())
    visual.requires_grad_()
    stage = Stage("tower", folder, modules, trained, _RATES.times(share), minutes)
    return _train(stage, visual, heads, pictures, 1000)


def train_heads(
    visual: Qwen3VLVisionModel,
    heads: nn.ModuleList,
    pictures: Pictures,
    folder: Path,
    minutes: float,
) -> bool:
    """The heads alone, before a finished tower: new ones would lead it astray."""
    visual.requires_grad_(requires_grad=False)
    modules = nn.ModuleDict({"heads": heads})
    trained = list(modules.named_parameters())
    stage = Stage("heads", folder, modules, trained, _RATES, minutes)
    return _train(stage, visual, heads, pictures, 500)


def _train(
    stage: Stage, visual: Qwen3VLVisionModel, heads: nn.ModuleList, pictures: Pictures, seed: int
) -> bool:
    if stage.finished:
        return True
    stream = pictures.rows(seed + stage.step)

    def losses() -> Iterator[Callable[[], dict[str, Tensor]]]:
        for rows in stream:
            yield partial(_looked, visual, heads, pictures.pixels(rows), pictures.named(rows))

    return stage.run(losses(), lambda: accuracies(visual, cast(Heads, heads[0]), pictures), 200)


def _looked(
    visual: Qwen3VLVisionModel, heads: nn.ModuleList, pixels: Tensor, labels: Named
) -> dict[str, Tensor]:
    tokens, deep = see(visual, pixels)
    return losses_of(heads, [tokens, *deep], labels)


def losses_of(heads: nn.ModuleList, levels: list[Tensor], labels: Named) -> dict[str, Tensor]:
    """How badly each label is read off the visual tokens, over all `levels` [B, 64, d]."""
    parts: dict[str, Tensor] = {}
    for level, (head, seen) in enumerate(zip(heads, levels, strict=True)):
        weight = _DEEP_WEIGHT if level else 1.0
        for name, loss in _level(cast(Heads, head), seen, labels).items():
            parts[name] = parts.get(name, 0.0) + weight * loss
    return parts


def _level(heads: Heads, tokens: Tensor, labels: Named) -> dict[str, Tensor]:
    cells, scene, kinds, glyphs = labels
    pooled = tokens.mean(1)
    parts = {}
    for column, (name, weight) in enumerate(_CELL_WEIGHTS.items()):
        mean = mean_of_signs if name == "text" else _mean_of_cells
        parts[name] = weight * mean(heads.cells[name](tokens), cells[..., column])
    settings = [
        _mean_of_cells(heads.scene[name](pooled), scene[:, column])
        for column, name in enumerate(SCENE_VALUES)
    ]
    parts["setting"] = torch.stack(settings).sum()
    present = heads.kinds(pooled).float()
    parts["kinds"] = _KINDS_WEIGHT * binary_cross_entropy_with_logits(present, kinds.float())
    parts["glyphs"] = _GLYPHS_WEIGHT * glyph_loss(heads.glyphs(tokens), glyphs)
    return parts


def glyph_loss(logits: Tensor, glyphs: Tensor) -> Tensor:
    """How badly the characters are named in cells that have any, summed over the characters."""
    known = (glyphs != IGNORE).any(-1)
    places = torch.where(glyphs == IGNORE, len(GLYPHS), glyphs)[known]
    there = torch.zeros(len(places), len(GLYPHS) + 1).scatter(1, places, 1.0)[:, :-1]
    loss = binary_cross_entropy_with_logits(logits[known].float(), there, reduction="none")
    return _by_picture(loss.sum(1), known)


def mean_of_signs(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy of [B, 64, n], a small sign's few cells as heavy as a large one's many."""
    known = labels != IGNORE
    return _by_picture(cross_entropy(logits[known].float(), labels[known], reduction="none"), known)


def _by_picture(losses: Tensor, known: Tensor) -> Tensor:
    """The mean over pictures of each one's mean; `losses` are of the cells that are `known`."""
    shares = (known / known.sum(1, keepdim=True).clamp_min(1))[known]
    return (losses * shares).sum() / known.any(1).sum().clamp_min(1)


def _mean_of_cells(logits: Tensor, labels: Tensor) -> Tensor:
    known = labels != IGNORE
    total = cross_entropy(
        logits.float().flatten(0, -2), labels.flatten(), ignore_index=IGNORE, reduction="sum"
    )
    return total / known.sum().clamp_min(1)


@torch.no_grad()
def accuracies(visual: Qwen3VLVisionModel, heads: Heads, pictures: Pictures) -> dict[str, float]:
    """On pictures never trained on: shares of cells and of settings named right."""
    right: dict[str, list[Tensor]] = {}
    for rows in np.split(pictures.validation(), VALIDATION_ROWS // BATCH):
        cells, scene, _, glyphs = pictures.named(rows)
        with autocast():
            tokens, _ = see(visual, pictures.pixels(rows))
        tokens = tokens.float()
        thing = (cells[..., 0] != IGNORE) & (cells[..., 0] != len(KINDS))
        for column, name in enumerate(CELL_VALUES):
            known = thing & (cells[..., column] != IGNORE)
            hit = heads.cells[name](tokens).argmax(-1) == cells[..., column]
            right.setdefault(f"acc.{name}", []).append(hit[known])
        for column, name in enumerate(SCENE_VALUES):
            hit = heads.scene[name](tokens.mean(1)).argmax(-1) == scene[:, column]
            right.setdefault(f"acc.{name}", []).append(hit)
        first = glyphs[..., 0]
        hit = heads.glyphs(tokens).argmax(-1)[..., None] == glyphs
        right.setdefault("acc.glyphs", []).append(hit.any(-1)[first != IGNORE])
    return {name: torch.cat(hits).float().mean().item() for name, hits in right.items()}
