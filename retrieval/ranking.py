"""From candidates to hits: no picture twice."""

from collections.abc import Mapping, Sequence

from retrieval.records import Hit, Record
from retrieval.snapshot import Candidate

# Files that differ and pictures that do not: saved again without loss, or with other EXIF. fp16
# leaves 1e-7; a JPEG of quality 95 is at 1e-4 already.
_SAME_PIXELS = 0.99999


# Equal pixels have equal scores, so only neighbours in the ranking need to be compared.
_SAME_SCORE = 1e-3


def distinct_hits(candidates: Sequence[Candidate], records: Mapping[int, Record]) -> list[Hit]:
    """Hits in the order of `candidates`, without those that show the pixels of an earlier one.

    `records` by content id; a candidate that has none is left out.
    """
    kept: list[tuple[Candidate, Record]] = []
    for candidate in candidates:
        record = records.get(candidate.content_id)
        if record is not None and not _is_shown(candidate, record, kept):
            kept.append((candidate, record))
    return [_hit(record, candidate.score) for candidate, record in kept]


def _is_shown(
    candidate: Candidate, record: Record, kept: Sequence[tuple[Candidate, Record]]
) -> bool:
    for earlier, shown in reversed(kept):
        if earlier.score - candidate.score > _SAME_SCORE:
            return False
        same_size = (record.width, record.height) == (shown.width, shown.height)
        if same_size and float(candidate.row @ earlier.row) > _SAME_PIXELS:
            return True
    return False


def _hit(record: Record, score: float) -> Hit:
    return Hit(record.image_id, record.path, score, record.width, record.height, record.sha256)
