"""The text encoder: a small Qwen3 whose registers learn to hold what a prompt states.

It is trained alone, on words, before the transformer: heads read the sort and the setting off the
first register, and the things in order of mention off the others. The heads are not exported."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import Qwen3Config, Qwen3ForCausalLM

from training.draw.prompts import DRAW, MOST_THINGS, Thing, Wish
from training.draw.tokenizer import REGISTERS
from training.world.colors import COLORS
from training.world.kinds import KINDS
from training.world.scene import PLACES, SEASONS, SIDES, STYLES, TIMES, WEATHERS

WIDTH = 192
LAYERS = 3
OUT_LAYERS = (1, LAYERS)  # hidden states that the transformer reads
FEATURES = WIDTH * len(OUT_LAYERS)
_IGNORED = -100

_SORTS = (DRAW, "time", "season", "weather", "style", "color", "count", "add", "remove", "replace")
_SETTING: Mapping[str, Sequence[object]] = {
    "sort": _SORTS,
    "style": (None, *STYLES),
    "place": (None, *PLACES),
    "time": (None, *TIMES),
    "season": (None, *SEASONS),
    "weather": (None, *WEATHERS),
}
_THING: Mapping[str, Sequence[object]] = {
    "kind": (None, *(kind.key for kind in KINDS)),
    "count": (None, 1, 2, 3, 4, 5),
    "color": (None, *COLORS),
    "side": (None, *SIDES, "across"),
    "row": (None, "sky", "far", "back", "span", "water", "front"),
}
TARGETS = len(_SETTING) + MOST_THINGS * len(_THING)


def create_text_encoder(vocabulary: int) -> Any:
    """Random weights."""
    config = Qwen3Config(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        intermediate_size=512,
        num_hidden_layers=LAYERS,
        num_attention_heads=3,
        num_key_value_heads=3,
        head_dim=64,
        max_position_embeddings=1024,
        rope_parameters={"rope_theta": 10_000.0, "rope_type": "default"},
        tie_word_embeddings=True,
    )
    return Qwen3ForCausalLM(config)


def features(encoder: Any, tokens: Tensor, mask: Tensor) -> Tensor:
    """What the pipeline hands to the transformer: [B, L, FEATURES] of tokens [B, L]."""
    states = encoder.model(
        input_ids=tokens, attention_mask=mask, output_hidden_states=True, use_cache=False
    ).hidden_states
    return torch.cat([states[layer] for layer in OUT_LAYERS], dim=-1)


class Reader(nn.Module):
    """Linear heads on the registers' last hidden states."""

    def __init__(self) -> None:
        super().__init__()
        self.setting = nn.ModuleList(nn.Linear(WIDTH, len(v)) for v in _SETTING.values())
        self.thing = nn.ModuleList(nn.Linear(WIDTH, len(v)) for v in _THING.values())

    def forward(self, registers: Tensor) -> list[Tensor]:
        """Logits of each target in the order of `targets`; registers are [B, R, WIDTH]."""
        logits = [head(registers[:, 0]) for head in self.setting]
        for number in range(MOST_THINGS):
            logits += [head(registers[:, 1 + number]) for head in self.thing]
        return logits


def register_states(states: Tensor, tokens: Tensor, first_register: int) -> Tensor:
    """The registers' rows [B, R, D] out of hidden states [B, L, D]."""
    starts = (tokens == first_register).int().argmax(1, keepdim=True)
    places = starts + torch.arange(len(REGISTERS))
    return states.gather(1, places[..., None].expand(-1, -1, states.shape[-1]))


def targets(wish: Wish) -> list[int]:
    """What each head should say; a quality of a thing that is not there counts for nothing."""
    said = {"sort": wish.sort, **wish.setting}
    out = [values.index(said.get(name)) for name, values in _SETTING.items()]
    for number in range(MOST_THINGS):
        thing = wish.things[number] if number < len(wish.things) else None
        out += _thing_targets(thing)
    return out


def _thing_targets(thing: Thing | None) -> list[int]:
    if thing is None:
        return [0, *[_IGNORED] * (len(_THING) - 1)]
    return [values.index(getattr(thing, name)) for name, values in _THING.items()]


def reading_loss(logits: list[Tensor], wanted: Tensor) -> Tensor:
    """Mean over prompts of the summed cross-entropies; wanted is int64 [B, TARGETS]."""
    losses = [
        cross_entropy(scores, wanted[:, number], ignore_index=_IGNORED, reduction="sum")
        for number, scores in enumerate(logits)
    ]
    return torch.stack(losses).sum() / len(wanted)


def share_right(logits: list[Tensor], wanted: Tensor) -> float:
    """Share of the targets that the heads name."""
    named = torch.stack([scores.argmax(1) for scores in logits], 1)
    counted = wanted != _IGNORED
    return ((named == wanted) & counted).sum().item() / counted.sum().item()
