"""Where each thing of a group stands: unit square, x to the right, y down."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from random import Random
from typing import TYPE_CHECKING

from training.world.kinds import BY_KEY

if TYPE_CHECKING:
    from training.world.scene import Group

# The line a thing stands on (y of its foot; of its centre in the sky), per place and row.
BASELINES: dict[str, dict[str, float]] = {
    "river": {"sky": 0.17, "far": 0.50, "back": 0.575, "span": 0.60, "water": 0.76, "front": 0.965},
    "meadow": {"sky": 0.17, "far": 0.55, "back": 0.64, "front": 0.94},
    "beach": {"sky": 0.16, "far": 0.50, "water": 0.63, "front": 0.94},
    "street": {"sky": 0.14, "back": 0.66, "front": 0.93},
    "town": {"sky": 0.15, "back": 0.66, "front": 0.94},
    "table": {"sky": 0.15, "back": 0.72, "front": 0.94},
}
_NEARNESS = {"sky": 1.0, "far": 1.0, "back": 0.92, "span": 1.25, "water": 1.1, "front": 1.18}
_SIDE_X = {"left": 0.21, "middle": 0.5, "right": 0.79}
_CROWDING = {1: 1.0, 2: 0.82, 3: 0.9, 4: 0.8, 5: 0.72}
_MAX_OVERLAP = 0.18

STEADY = -1  # the seed of a scene without accidents
_GRID = 16  # steady things stand on the lines that cut the picture's side into so many parts
_STEADY_CROWDING = 0.82  # of two and more
_STEADY_SIZES = {"pagoda": 0.78}  # of a larger one each roof is taken for a pagoda
_STEADY_GAP = 1.25  # from middle to middle, in widths: two that touch are taken for one


@dataclass(frozen=True)
class Item:
    """One thing: x of its middle, y of its foot, height, as shares of the picture's side."""

    x: float
    y: float
    height: float
    width: float
    flip: bool

    @property
    def box(self) -> tuple[float, float, float, float]:
        half = self.width / 2
        return (self.x - half, self.y - self.height, self.x + half, self.y)


def lay_out(seed: int, place: str, group: Group) -> list[Item]:
    """Items of a group from back to front. Depends on the seed and the group alone, so that an
    edit elsewhere in the scene leaves them where they are. Steady ones stand on a grid."""
    if seed == STEADY:
        return _steady(place, group)
    kind = BY_KEY[group.kind]
    rng = Random(f"layout-{seed}-{group.kind}")
    base = BASELINES[place][group.row]
    height = kind.height * _NEARNESS[group.row] * _CROWDING[group.count] * rng.uniform(0.94, 1.08)
    width = min(height * kind.aspect, 0.94 / group.count)
    height = width / kind.aspect
    flip = rng.random() < 0.5
    items = []
    for x in _spread(rng, group, width):
        y = base + _rise(rng, group.row, height)
        items.append(Item(x, y, height, width, flip))
    return sorted(items, key=lambda item: item.y)


def _spread(rng: Random, group: Group, width: float) -> list[float]:
    if group.side == "across":
        step = (0.94 - width) / max(group.count - 1, 1)
        jitter = max(0.0, min(step - width, 0.05)) / 2
        xs = [0.03 + width / 2 + step * i for i in range(group.count)]
        return [x + rng.uniform(-jitter, jitter) for x in xs]
    middle = _SIDE_X[group.side] + rng.uniform(-0.04, 0.04)
    gap = width * 1.08
    xs = [middle + gap * (i - (group.count - 1) / 2) for i in range(group.count)]
    shift = max(0.0, width / 2 + 0.01 - xs[0]) - max(0.0, xs[-1] + width / 2 - 0.99)
    return [x + shift for x in xs]


def _steady(place: str, group: Group) -> list[Item]:
    """One size for one, another for more; the middle and the foot on lines of the grid."""
    kind = BY_KEY[group.kind]
    crowding = 1.0 if group.count == 1 else _STEADY_CROWDING
    height = kind.height * _STEADY_SIZES.get(kind.key, 1.0) * _NEARNESS[group.row] * crowding
    width = min(height * kind.aspect, 0.94 / group.count)
    height = width / kind.aspect
    foot = BASELINES[place][group.row]
    if group.row != "span":
        foot = _on_grid(foot + (height / 2 if group.row == "sky" else 0.0))
    return [Item(x, foot, height, width, False) for x in _steady_spread(group, width)]


def _steady_spread(group: Group, width: float) -> list[float]:
    if group.side == "across":
        step = (0.94 - width) / max(group.count - 1, 1)
        return [_on_grid(0.03 + width / 2 + step * i) for i in range(group.count)]
    low, high = ceil(width / 2 * _GRID) / _GRID, floor((1 - width / 2) * _GRID) / _GRID
    gap = min(ceil(_STEADY_GAP * width * _GRID) / _GRID, high - low)
    reach = gap * (group.count - 1)
    first = _on_grid(_SIDE_X[group.side] - reach / 2)
    first = max(low, min(first, high - reach))
    return [first + gap * i for i in range(group.count)]


def _on_grid(share: float) -> float:
    return round(share * _GRID) / _GRID


def _rise(rng: Random, row: str, height: float) -> float:
    if row == "sky":  # the baseline is where the middle floats
        return height / 2 + rng.uniform(-0.05, 0.05)
    if row == "span":  # stands on both banks, exactly on the waterline
        return 0.0
    return rng.uniform(-0.012, 0.012)


def items_overlap(a: list[Item], b: list[Item]) -> bool:
    """Whether any two items cover more than a small part of the smaller one."""
    return any(_overlap(p, q) > _MAX_OVERLAP for p in a for q in b)


def _overlap(p: Item, q: Item) -> float:
    left, top = max(p.box[0], q.box[0]), max(p.box[1], q.box[1])
    right, bottom = min(p.box[2], q.box[2]), min(p.box[3], q.box[3])
    shared = max(0.0, right - left) * max(0.0, bottom - top)
    return shared / min(p.height * p.width, q.height * q.width)
