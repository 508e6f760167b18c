"""From candidates to what a person wants to see: no picture twice."""

from collections.abc import Sequence

import numpy as np

from retrieval.snapshot import Candidate

# Above this cosine two files show one picture: saved again, in another format, or thumbnailed.
_SAME_PICTURE = 0.9999


def distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Candidates in order, without those whose picture an earlier one shows already."""
    if not candidates:
        return []
    rows = np.stack([candidate.row for candidate in candidates])
    same = rows @ rows.T > _SAME_PICTURE
    kept: list[int] = []
    for i in range(len(candidates)):
        if not same[i, kept].any():
            kept.append(i)
    return [candidates[i] for i in kept]
