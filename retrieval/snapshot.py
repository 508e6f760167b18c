"""What a search reads: never changed once made, so that indexing never blocks it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from retrieval import index as nearest
from retrieval.index import NearestIndex
from retrieval.vectors import VectorLog


@dataclass(frozen=True)
class Candidate:
    """A content near the query. `row`: its unit vector, float32 [dimension]."""

    content_id: int
    score: float
    row: NDArray[np.float32]


@dataclass(frozen=True)
class Snapshot:
    """`index` covers the first n rows, `tail` [m, dimension] the last m; `slots`, `contents` and
    `alive` are [n + m]. Dead rows (no file holds the content any more) are skipped."""

    log: VectorLog
    index: NearestIndex
    tail: NDArray[np.float32]
    slots: NDArray[np.int64]
    contents: NDArray[np.int64]
    alive: NDArray[np.bool_]

    def search(
        self, query: NDArray[np.float32], count: int, contents: NDArray[np.int64] | None
    ) -> list[Candidate]:
        """The best `count` of the living (of `contents`, if given), best first."""
        allowed = self.alive
        if contents is not None:
            allowed = allowed & np.isin(self.contents, contents)
        positions = self._positions(query, count, allowed)
        rows = self.log.read(self.slots[positions]).astype(np.float32)
        # fp16 leaves the length off by up to 1e-3, which would show in the score.
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
        scores = np.clip(rows @ query, -1.0, 1.0)
        best = np.lexsort((self.contents[positions], -scores))[:count]
        return [
            Candidate(int(self.contents[positions[i]]), float(scores[i]), rows[i]) for i in best
        ]

    def _positions(
        self, query: NDArray[np.float32], count: int, allowed: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        few = np.flatnonzero(allowed)
        # So few that comparing all of them is as quick, and exact.
        if self.index.kind != "flat" and len(few) <= nearest.FLAT_ROWS:
            return few
        covered = len(self.index)
        head = allowed[:covered]
        found = self.index.candidates(query, count, None if head.all() else head)
        scores = np.where(allowed[covered:], self.tail @ query, -np.inf)
        newest = np.argsort(-scores, kind="stable")[:count]
        newest = newest[np.isfinite(scores[newest])]
        return np.sort(np.concatenate([found, covered + newest]))

    def row_of(self, content_id: int) -> NDArray[np.float32] | None:
        """The unit vector [dimension] of a content, where it has one."""
        positions = np.flatnonzero(self.contents == content_id)
        if not len(positions):
            return None
        row = self.log.read(self.slots[positions[-1:]])[0].astype(np.float32)
        length = max(float(np.linalg.norm(row)), 1e-6)
        return np.asarray(row / length, np.float32)

    def extended(
        self,
        slots: NDArray[np.int64],
        contents: NDArray[np.int64],
        rows: NDArray[np.float32],
    ) -> "Snapshot":
        """With more rows in the tail, alive."""
        return replace(
            self,
            tail=np.concatenate([self.tail, rows]),
            slots=np.concatenate([self.slots, slots]),
            contents=np.concatenate([self.contents, contents]),
            alive=np.concatenate([self.alive, np.ones(len(slots), np.bool_)]),
        )

    def revised(self, touched: frozenset[int], unheld: frozenset[int]) -> "Snapshot":
        """With the `touched` contents alive, but for those that are `unheld`."""
        if not touched:
            return self
        changed = np.isin(self.contents, list(touched))
        alive = np.where(changed, ~np.isin(self.contents, list(unheld)), self.alive)
        return replace(self, alive=alive)


def empty_tail(dimension: int) -> NDArray[np.float32]:
    return np.empty((0, dimension), np.float32)
