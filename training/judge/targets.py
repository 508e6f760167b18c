"""What the judge should see in a scene, as maps over the picture's cells."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.judge.model import COLOR_NAMES, GRID, SETTINGS
from training.world.captions import visible_color
from training.world.kinds import KINDS
from training.world.layout import Item, lay_out
from training.world.scene import Group, Scene

NO_COLOR = -1

_ROW_OF_KIND = {kind.key: number for number, kind in enumerate(KINDS)}
_SPREAD = 0.14  # of a thing's smaller side, kept between the next two, in cells
_LEAST_SIGMA, _MOST_SIGMA = 0.7, 1.6
_COLORED_FROM = 0.3  # cells this near a middle (by its Gaussian) should show the colour

Plane = NDArray[np.float32]
_P = TypeVar("_P", NDArray[np.float32], NDArray[np.int64])


@dataclass(frozen=True)
class Targets:
    """heat float32 [B, kinds, G, G], 1 in the middle of each thing; color int64 [B, G, G], a row
    of COLOR_NAMES or NO_COLOR; settings maps a name to int64 [B]."""

    heat: Tensor
    color: Tensor
    settings: dict[str, Tensor]


def targets_of(scenes: list[Scene], flipped: list[bool]) -> Targets:
    """Targets of drawn scenes, mirrored left to right where `flipped`."""
    planes = [_planes(scene) for scene in scenes]
    heat = np.stack([_flip(heat, flip) for (heat, _), flip in zip(planes, flipped, strict=True)])
    color = np.stack([_flip(color, flip) for (_, color), flip in zip(planes, flipped, strict=True)])
    settings = {
        name: torch.tensor([values.index(getattr(scene, name)) for scene in scenes])
        for name, values in SETTINGS.items()
    }
    return Targets(torch.from_numpy(heat), torch.from_numpy(color), settings)


def _planes(scene: Scene) -> tuple[Plane, NDArray[np.int64]]:
    heat = np.zeros((len(KINDS), GRID, GRID), np.float32)
    color = np.full((GRID, GRID), NO_COLOR, np.int64)
    for group in scene.groups:
        plane = heat[_ROW_OF_KIND[group.kind]]
        for item in lay_out(scene.seed, scene.place, group):
            bump = _bump(item)
            np.maximum(plane, bump, out=plane)
            color[bump > _COLORED_FROM] = _color_row(scene, group)
    return heat, color


def _bump(item: Item) -> Plane:
    """A Gaussian around the item's middle whose nearest cell is exactly 1."""
    sigma = np.clip(_SPREAD * min(item.width, item.height) * GRID, _LEAST_SIGMA, _MOST_SIGMA)
    column, row = (_cell(item.x), _cell(item.y - item.height / 2))
    rows, columns = np.mgrid[0:GRID, 0:GRID]
    squared = (rows - row) ** 2 + (columns - column) ** 2
    bump: Plane = np.exp(-squared / (2 * sigma**2)).astype(np.float32)
    return bump


def _cell(share: float) -> int:
    return min(GRID - 1, max(0, int(share * GRID)))


def _color_row(scene: Scene, group: Group) -> int:
    color = visible_color(scene, group)
    return NO_COLOR if color is None else COLOR_NAMES.index(color)


def _flip(plane: _P, flip: bool) -> _P:
    return np.ascontiguousarray(plane[..., ::-1]) if flip else plane
