"""An n-gram model of characters: how likely a text is, whoever said it.

Interpolated Witten-Bell smoothing (Bell, Cleary & Witten 1990) in the form of backing off: what was
seen after a context has its own probability, anything else that after the shorter context, times
the context's weight. An n-gram is a number whose digits, 21 bits each, are its characters.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from models.weights import unreadable

START, END = "\x02", "\x03"
ORDER = 3  # the most characters of an n-gram: three of 21 bits fit a number
_BITS = 21  # of a Unicode character
_NEVER = -9.2  # log-probability of a character that was never seen: one in ten thousand


def number_of(characters: str) -> int:
    """The n-gram's number."""
    number = 0
    for character in characters:
        number = number << _BITS | ord(character)
    return number


class NgramModel:
    """Tables from `training/asr/ngrams.py`."""

    def __init__(self, tables: Sequence[tuple[NDArray[np.int64], NDArray[np.float16]]]) -> None:
        """For each order, from one: sorted n-grams [n], and [n, 2] of their log-probability and
        of the weight's logarithm where they are contexts."""
        self._tables = tables

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises CheckpointBroken."""
        try:
            tensors = load_file(path)
            return cls([(tensors[f"grams{n}"], tensors[f"values{n}"]) for n in range(1, ORDER + 1)])
        except (OSError, KeyError, SafetensorError) as error:
            raise unreadable(path, error) from error

    def logprob(self, text: str) -> float:
        """Of the characters of `text` and of its end, in nats."""
        whole = START * (ORDER - 1) + text + END
        ends = range(ORDER - 1, len(whole))
        return sum(self._after(whole[end - ORDER + 1 : end], whole[end]) for end in ends)

    def _after(self, context: str, character: str) -> float:
        found = self._find(context + character)
        if found is not None:
            return float(found[0])
        if not context:
            return _NEVER
        before = self._find(context)
        weight = float(before[1]) if before is not None else 0.0
        return weight + self._after(context[1:], character)

    def _find(self, characters: str) -> NDArray[np.float16] | None:
        grams, values = self._tables[len(characters) - 1]
        row = int(np.searchsorted(grams, number_of(characters)))
        found = row < len(grams) and grams[row] == number_of(characters)
        return values[row] if found else None
