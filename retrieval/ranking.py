"""From candidates to hits: no picture twice."""

from collections.abc import Mapping, Sequence

import numpy as np

from retrieval.records import Hit, Record
from retrieval.snapshot import Candidate

# Files that differ and pictures that do not: saved again without loss, or with other EXIF. fp16
# leaves 1e-7; a JPEG of quality 95 is at 1e-4 already.
_SAME_PIXELS = 0.99999


def distinct_hits(candidates: Sequence[Candidate], records: Mapping[int, Record]) -> list[Hit]:
    """Hits in the order of `candidates`, without those that show the pixels of an earlier one.

    `records` by content id; a candidate that has none is left out.
    """
    found = [candidate for candidate in candidates if candidate.content_id in records]
    if not found:
        return []
    rows = np.stack([candidate.row for candidate in found])
    sizes = np.array([_size(records[candidate.content_id]) for candidate in found])
    same = (rows @ rows.T > _SAME_PIXELS) & (sizes[:, None] == sizes[None, :]).all(axis=-1)
    kept: list[int] = []
    for i in range(len(found)):
        if not same[i, kept].any():
            kept.append(i)
    return [_hit(records[found[i].content_id], found[i].score) for i in kept]


def _size(record: Record) -> tuple[int, int]:
    return record.width, record.height


def _hit(record: Record, score: float) -> Hit:
    return Hit(record.image_id, record.path, score, record.width, record.height, record.sha256)
