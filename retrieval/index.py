"""Nearest rows by inner product, with FAISS; derived from the vector log and never trusted over it.

Up to 20,000 rows every one is compared. Beyond, 2-bit RaBitQ codes (Gao et al. 2024,
arXiv:2409.09913) after a random rotation choose candidates, which the caller ranks again with the
fp16 rows; beyond 300,000 only the lists of an inverted file that are near the query are visited.
"""

from dataclasses import dataclass
from typing import Any

import faiss as _faiss
import numpy as np
from numpy.typing import NDArray

from retrieval.vectors import VectorLog

faiss: Any = _faiss  # its stubs do not know the arguments that its Python layer adds

FLAT_ROWS = 20_000
IVF_ROWS = 300_000
TRAINING_ROWS = 100_000
_CHUNK = 16_384
_QUERY_BITS = 4  # of the quantised query; 8 gave the same recall and took longer
_PROBED_SHARE = 16  # one list in so many
_FEWEST_PROBES = 16


@dataclass(frozen=True)
class NearestIndex:
    """`faiss_index` over rows 0 … n-1; `kind`: "flat", "rabitq" or "ivf_rabitq"."""

    kind: str
    faiss_index: Any

    def __len__(self) -> int:
        return int(self.faiss_index.ntotal)

    def candidates(
        self, query: NDArray[np.float32], count: int, allowed: NDArray[np.bool_] | None
    ) -> NDArray[np.int64]:
        """Row numbers of at least the best `count` of those `allowed` [n], in no order.

        Compressed kinds give more than asked, because their order is not exact.
        """
        wanted = count if self.kind == "flat" else max(200, 20 * count)
        wanted = min(wanted, len(self))
        if wanted == 0:
            return np.empty(0, np.int64)
        parameters = self._parameters(allowed)
        _, found = self.faiss_index.search(query[None, :], wanted, params=parameters)
        positions: NDArray[np.int64] = found[0]
        return positions[positions >= 0]

    def _parameters(self, allowed: NDArray[np.bool_] | None) -> Any:
        selector = None if allowed is None else _bitmap(allowed)
        if self.kind == "flat":
            return faiss.SearchParameters(sel=selector)
        if self.kind == "rabitq":
            inner = faiss.RaBitQSearchParameters(sel=selector, qb=_QUERY_BITS)
        else:
            share = 1.0 if allowed is None else float(allowed.mean())
            inner = faiss.IVFRaBitQSearchParameters(
                sel=selector, qb=_QUERY_BITS, nprobe=self._probes(share)
            )
        return faiss.SearchParametersPreTransform(index_params=inner)

    def _probes(self, share: float) -> int:
        """More lists the rarer the rows that are allowed, or the best of them go unseen."""
        lists = int(faiss.extract_index_ivf(self.faiss_index).nlist)
        usual = max(_FEWEST_PROBES, lists // _PROBED_SHARE)
        return min(lists, int(usual / max(share, 1e-6)))


def build_index(log: VectorLog, slots: NDArray[np.int64], dimension: int) -> NearestIndex:
    """An index over the rows at `slots`, in their order."""
    kind, recipe = _recipe(len(slots), dimension)
    index = faiss.index_factory(dimension, recipe, faiss.METRIC_INNER_PRODUCT)
    if not index.is_trained:
        step = max(1, len(slots) // TRAINING_ROWS)
        index.train(log.read(slots[::step]).astype(np.float32))
    for start in range(0, len(slots), _CHUNK):
        index.add(log.read(slots[start : start + _CHUNK]).astype(np.float32))
    return NearestIndex(kind, index)


def _recipe(rows: int, dimension: int) -> tuple[str, str]:
    if rows <= FLAT_ROWS:
        return "flat", "Flat"
    if rows <= IVF_ROWS:
        return "rabitq", f"RR{dimension},RaBitQ2"
    return "ivf_rabitq", f"RR{dimension},IVF{round(4 * rows**0.5)},RaBitQ2"


def _bitmap(allowed: NDArray[np.bool_]) -> Any:
    return faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
