"""Recall at k and precision at k from a matrix of similarities."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

KS = (1, 5, 10)


def recalls(similarity: NDArray[np.float32], relevant: NDArray[np.bool_]) -> dict[int, float]:
    """Share of rows with something relevant among their k best columns, for k in 1, 5, 10.

    Both are [queries, candidates]. Ties count as the order numpy sorts them in."""
    best = np.argsort(-similarity, axis=1, kind="stable")[:, : max(KS)]
    hits = np.take_along_axis(relevant, best, axis=1)
    return {k: float(hits[:, :k].any(axis=1).mean()) for k in KS}


def precision(similarity: NDArray[np.float32], relevant: NDArray[np.bool_], k: int) -> float:
    """Mean share of relevant ones among each row's k best columns."""
    best = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    return float(np.take_along_axis(relevant, best, axis=1).mean())


def both_ways(similarity: NDArray[np.float32], owner: Sequence[int]) -> dict[str, float]:
    """`r1`, `r5`, `r10` and `r1_image_to_text` …; `owner[i]` is the image that text i describes.

    `similarity` is [texts, images]. An image counts as found by any one of its texts (the
    protocol of Karpathy & Fei-Fei 2015 for several captions an image)."""
    relevant = np.asarray(owner)[:, None] == np.arange(similarity.shape[1])[None, :]
    figures = {f"r{k}": value for k, value in recalls(similarity, relevant).items()}
    back = recalls(similarity.T, relevant.T)
    return figures | {f"r{k}_image_to_text": value for k, value in back.items()}
