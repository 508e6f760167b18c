"""Facts of scenes and captions as 0/1 vectors over one fixed vocabulary."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from training.world.kinds import KINDS, Kind
from training.world.scene import PLACES, SEASONS, SIDES, STYLES, TIMES, WEATHERS


def _kind_facts(kind: Kind) -> list[str]:
    rows = sorted({row for rows in kind.rows.values() for row in rows})
    sides = [*SIDES, *(["across"] if kind.max_count >= 3 else [])]
    return [
        f"kind={kind.key}",
        *(f"{kind.key}.count={count}" for count in range(1, kind.max_count + 1)),
        *(f"{kind.key}.color={color}" for color in kind.colors),
        *(f"{kind.key}.side={side}" for side in sides),
        *(f"{kind.key}.row={row}" for row in rows),
    ]


FACTS: tuple[str, ...] = (
    *(f"style={value}" for value in STYLES),
    *(f"place={value}" for value in PLACES),
    *(f"time={value}" for value in TIMES),
    *(f"season={value}" for value in SEASONS),
    *(f"weather={value}" for value in WEATHERS),
    *(fact for kind in KINDS for fact in _kind_facts(kind)),
)
_NUMBER = {fact: number for number, fact in enumerate(FACTS)}


def vector(facts: Collection[str]) -> NDArray[np.float32]:
    """float32 [len(FACTS)] of zeros and ones."""
    out = np.zeros(len(FACTS), np.float32)
    out[[_NUMBER[fact] for fact in facts]] = 1
    return out
