"""Questions and answers about a picture as token sequences: many to one look.

A row is the picture's tokens and then, up to a fixed length, as many exchanges as fit. Each sees
the picture and itself alone, at the places it would have by itself, so that one pass over a picture
teaches a dozen answers and the model never learns to lean on earlier ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from tokenizers import Tokenizer
from torch import Tensor

from training.llm.vocabulary import SPECIAL, build_tokenizer
from training.vlm.model import (
    IMAGE_PAD,
    TOKENS_A_SIDE,
    VISION_END,
    VISION_START,
    VISUAL_TOKENS,
)
from training.world.questions import Exchange

LENGTH = 320
IGNORE = -100
_PAD = SPECIAL.index("<|endoftext|>")


@dataclass(frozen=True)
class Batch:
    """`tokens` and `labels` [B, L] (IGNORE outside answers), `places` [3, B, L], `mask` bool
    [B, 1, L, L]."""

    tokens: Tensor
    labels: Tensor
    places: Tensor
    mask: Tensor


class Packer:
    """Makes batches of rows."""

    def __init__(self, length: int = LENGTH) -> None:
        self.length = length

    @cached_property
    def tokenizer(self) -> Tokenizer:
        return build_tokenizer()

    @cached_property
    def prefix(self) -> list[int]:
        """What stands before every question."""
        start = self.encode("<|im_start|>user\n")
        return [*start, VISION_START, *[IMAGE_PAD] * VISUAL_TOKENS, VISION_END]

    def encode(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def batch(self, conversations: Sequence[Sequence[Exchange]]) -> Batch:
        """One row for each picture; exchanges that no longer fit are left out."""
        rows = [self._row(exchanges) for exchanges in conversations]
        tokens, labels, segments, places = (
            torch.tensor([row[part] for row in rows]) for part in range(4)
        )
        return Batch(tokens, labels, places.movedim(2, 0), _mask(segments))

    def _row(
        self, exchanges: Sequence[Exchange]
    ) -> tuple[list[int], list[int], list[int], list[list[int]]]:
        tokens = list(self.prefix)
        labels = [IGNORE] * len(tokens)
        segments = [0] * len(tokens)
        places = _picture_places(self.prefix)
        first = places[-1][0] + 1
        for number, exchange in enumerate(exchanges, start=1):
            asked = self.encode(f"{exchange.question}<|im_end|>\n<|im_start|>assistant\n")
            said = self.encode(f"{exchange.answer}<|im_end|>")
            size = len(asked) + len(said)
            if len(tokens) + size > self.length:
                continue
            tokens += asked + said
            labels += [IGNORE] * len(asked) + said
            segments += [number] * size
            places += [[place] * 3 for place in range(first, first + size)]
        spare = self.length - len(tokens)
        return (
            tokens + [_PAD] * spare,
            labels + [IGNORE] * spare,
            segments + [-1] * spare,
            places + [[0] * 3] * spare,
        )


def _picture_places(prefix: list[int]) -> list[list[int]]:
    """Time, height and width of each token: a picture's tokens are one step in time and lie in a
    grid, and what follows goes on after the grid's side (`Qwen3VLModel.get_rope_index`)."""
    start = prefix.index(IMAGE_PAD)
    before = [[place] * 3 for place in range(start)]
    grid = [
        [start, start + row, start + column]
        for row in range(TOKENS_A_SIDE)
        for column in range(TOKENS_A_SIDE)
    ]
    return [*before, *grid, [start + TOKENS_A_SIDE] * 3]


def _mask(segments: Tensor) -> Tensor:
    """Who may look at whom: bool [B, 1, L, L]."""
    own = segments[:, :, None] == segments[:, None, :]
    picture = (segments == 0)[:, None, :]
    length = segments.shape[1]
    before = torch.ones(length, length, dtype=torch.bool).tril()
    return ((own | picture) & before)[:, None]
