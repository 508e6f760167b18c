"""`python -m training.asr.ngrams`: count characters in sentences of training, and write the model.

The recognizer has to choose between homophones that it has hardly met. Reading costs next to
nothing beside hearing: in two minutes as many sentences as it hears in an hour.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from safetensors.numpy import save_file

from models.decoding.ngram import END, ORDER, START, number_of
from training.asr.sentences import Sentences

_KINDS = {
    "talk": 0.62,
    "line": 0.12,
    "caption": 0.07,
    "question": 0.07,
    "number": 0.07,
    "edit": 0.05,
}
_CHARACTERS = 7_000  # among which what was never seen is shared out
_NOTHING = 1e-4  # the share of what is no character
Table = tuple[NDArray[np.int64], NDArray[np.float16]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.asr.ngrams", description=__doc__)
    parser.add_argument("--sentences", type=int, default=150_000, help="2 to 6 minutes of a core")
    parser.add_argument("--out", type=Path, default=Path("models/starter/asr/ngrams.safetensors"))
    options = parser.parse_args()
    texts = (_text(number) for number in track(range(options.sentences), "sentences"))
    save_file(named(tables(texts)), options.out)


def _text(number: int) -> str:
    rng = Random(f"ngrams-{number}")
    (kind,) = rng.choices(tuple(_KINDS), tuple(_KINDS.values()))
    return Sentences().draw(rng, kind).text.replace("，", "")


def tables(texts: Iterable[str]) -> list[Table]:
    """For `NgramModel`, of texts without pauses."""
    counts: list[Counter[str]] = [Counter() for _ in range(ORDER + 1)]
    for text in texts:
        whole = START * (ORDER - 1) + text + END
        for end in range(ORDER, len(whole) + 1):
            for length in range(1, ORDER + 1):
                counts[length][whole[end - length : end]] += 1
    return _smoothed(counts)


def _smoothed(counts: list[Counter[str]]) -> list[Table]:
    """Witten-Bell: after a context of n followers, t of them different, a new one has t/(n + t)."""
    shares: dict[str, float] = {}
    weights: dict[str, float] = {}
    for length in range(1, ORDER + 1):
        followers: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for gram, count in counts[length].items():
            followers[gram[:-1]][0] += count
            followers[gram[:-1]][1] += 1
        for context, (times, kinds) in followers.items():
            weights[context] = kinds / (times + kinds)
        for gram, count in counts[length].items():
            shorter = shares[gram[1:]] if length > 1 else 1 / _CHARACTERS
            times, kinds = followers[gram[:-1]]
            shares[gram] = (count + kinds * shorter) / (times + kinds)
    for length in range(1, ORDER):
        counts[length][START * length] += 0  # a context alone, nothing that anybody says
    return [_table(counts[length], shares, weights) for length in range(1, ORDER + 1)]


def _table(grams: Iterable[str], shares: dict[str, float], weights: dict[str, float]) -> Table:
    ordered = sorted(grams, key=number_of)
    values = [(shares.get(gram, _NOTHING), weights.get(gram, 1.0)) for gram in ordered]
    numbers = np.array([number_of(gram) for gram in ordered], np.int64)
    return numbers, np.log(np.array(values)).astype(np.float16)


def named(made: list[Table]) -> dict[str, NDArray[np.generic]]:
    grams = {f"grams{order}": table[0] for order, table in enumerate(made, 1)}
    values = {f"values{order}": table[1] for order, table in enumerate(made, 1)}
    return {**grams, **values}


if __name__ == "__main__":
    main()
