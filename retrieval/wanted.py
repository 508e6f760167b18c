"""What is looked for, as one direction: a sentence, a picture, both, and what shall not be there.

Sentence and picture become unit vectors of one space. Both together are their weighted sum; each
word that is not wanted is subtracted with a part of its weight. Ranking by the cosine with the
result ranks by `weight · cos(sentence) + (1 - weight) · cos(picture) - MINUS · Σ cos(unwanted)`.
"""

import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.errors import InvalidRequest
from retrieval.embedding import Embedder, check_rows

MINUS = 0.5
"""Weight of a word that is not wanted, against 1 of what is."""
_UNWANTED = re.compile(r"(?:^|(?<=\s))[-－−–](?=\S)")  # before a word, not within one


@dataclass(frozen=True)
class Wanted:
    """`likeness`: the unit vector [dimension] of a picture. `weight` of the words against it,
    0 … 1. `without`: words for what shall not be there."""

    text: str = ""
    likeness: NDArray[np.float32] | None = None
    weight: float = 0.5
    without: tuple[str, ...] = field(default=())

    @property
    def is_empty(self) -> bool:
        return not self.text and self.likeness is None and not self.without


def read_words(typed: str) -> tuple[str, tuple[str, ...]]:
    """A sentence as typed → (what is wanted, what is not).

    >>> read_words("雪山 -人 -车")
    ('雪山', ('人', '车'))
    """
    wanted: list[str] = []
    unwanted: list[str] = []
    for word in typed.encode("utf-8", "replace").decode().split():  # half a surrogate is no text
        rest = _UNWANTED.sub("", word)
        (unwanted if rest != word else wanted).append(rest)
    return " ".join(wanted), tuple(unwanted)


def direction_of(wanted: Wanted, embedder: Embedder) -> NDArray[np.float32]:
    """The unit vector [dimension] to rank by. `InvalidRequest` when nothing is looked for."""
    words = [*([wanted.text] if wanted.text else []), *wanted.without]
    if wanted.is_empty:
        raise InvalidRequest("请说说要找什么画面。", "Say what to look for.")
    rows = np.empty((0, embedder.dimension), np.float32)
    if words:
        rows = check_rows(embedder.embed_texts(words), len(words), embedder.dimension)
    total = -MINUS * rows[1 if wanted.text else 0 :].sum(axis=0)
    if wanted.text:
        total = total + (wanted.weight if wanted.likeness is not None else 1.0) * rows[0]
    if wanted.likeness is not None:
        total = total + ((1 - wanted.weight) if wanted.text else 1.0) * wanted.likeness
    length = float(np.linalg.norm(total))
    if length < 1e-6:  # the same words wanted and not
        raise InvalidRequest(
            "要的和不要的互相抵消了，请换个说法。",
            "What is wanted and what is not cancel out; say it differently.",
        )
    return np.asarray(total / length, np.float32)
