"""What lies where in a picture, cell by cell: what the vision tower learns before any word.

A cell is the square of one visual token. Its labels are those of the group that fills most of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.vlm.model import PIXELS, TOKENS_A_SIDE, VISUAL_TOKENS
from training.world.captions import visible_color
from training.world.colors import COLORS
from training.world.kinds import KINDS
from training.world.layout import Item, lay_out
from training.world.scene import PLACES, SEASONS, SIDES, STYLES, TIMES, WEATHERS, Group, Scene
from training.world.signs import GLYPHS, SIGN_TEXTS, lettering

IGNORE = -1
_NOTHING = len(KINDS)
MOST_GLYPHS = 6  # of a sign in one cell
_READABLE = 0.24  # of a character's square: from here a cell names it, and the cell with most
_FILLED, _TOUCHED = 0.25, 0.08  # shares of a cell: from here something, up to here nothing

CELL_VALUES: dict[str, tuple[object, ...]] = {
    "kind": (*(kind.key for kind in KINDS), None),
    "color": tuple(COLORS),
    "count": (1, 2, 3, 4, 5),
    "side": (*SIDES, "across"),
    "row": ("sky", "far", "back", "span", "water", "front"),
    "text": SIGN_TEXTS,
}
SCENE_VALUES: dict[str, tuple[str, ...]] = {
    "style": STYLES,
    "time": TIMES,
    "season": SEASONS,
    "weather": WEATHERS,
    "place": PLACES,
}


@dataclass(frozen=True)
class Labels:
    """int8: `cells` [n, 64, columns as CELL_VALUES], `scene` [n, columns as SCENE_VALUES], `kinds`
    [n, kinds] of 0 and 1, `glyphs` [n, 64, MOST_GLYPHS] places in GLYPHS of what is written there.
    Where nothing is to be said, IGNORE."""

    cells: NDArray[np.int8]
    scene: NDArray[np.int8]
    kinds: NDArray[np.int8]
    glyphs: NDArray[np.int8]


def label_all(count: int, scenes: Iterable[Scene], cache: Path) -> Labels:
    """The labels of `scenes`, of which there are `count`; those in `cache` if it has all sorts of
    them for as many."""
    if cache.exists():
        kept = np.load(cache)
        if set(kept) == {field.name for field in fields(Labels)} and len(kept["scene"]) == count:
            return Labels(**kept)
    labels = label(list(scenes))
    np.savez(cache, **vars(labels))
    return labels


def label(scenes: list[Scene]) -> Labels:
    """The labels of some scenes."""
    return Labels(
        np.stack([_cells(scene) for scene in scenes]),
        np.asarray([_setting(scene) for scene in scenes], np.int8),
        np.asarray([[scene.find(k.key) is not None for k in KINDS] for scene in scenes], np.int8),
        np.stack([_glyphs(scene) for scene in scenes]),
    )


def _setting(scene: Scene) -> list[int]:
    return [values.index(getattr(scene, name)) for name, values in SCENE_VALUES.items()]


def _cells(scene: Scene) -> NDArray[np.int8]:
    labels = np.full((VISUAL_TOKENS, len(CELL_VALUES)), IGNORE, np.int8)
    cover = np.zeros(VISUAL_TOKENS)
    for group in scene.groups:
        shares = _cover(lay_out(scene.seed, scene.place, group))
        labels[shares > cover] = _group_labels(scene, group)
        cover = np.maximum(cover, shares)
    labels[cover < _FILLED] = IGNORE
    labels[cover <= _TOUCHED, 0] = _NOTHING
    return labels


def _glyphs(scene: Scene) -> NDArray[np.int8]:
    """Where what is written where: a character belongs to each cell with enough of it."""
    labels = np.full((VISUAL_TOKENS, MOST_GLYPHS), IGNORE, np.int8)
    group = scene.find("sign")
    if group is None or group.text is None:
        return labels
    held: dict[int, list[int]] = {}
    for item in lay_out(scene.seed, scene.place, group):
        for glyph, box in lettering(item, group.text, PIXELS).boxes():
            shares = _filled([part / PIXELS for part in box])
            for cell in np.flatnonzero(shares >= min(_READABLE * shares.sum(), shares.max())):
                held.setdefault(int(cell), []).append(GLYPHS.index(glyph))
    for place, glyphs in held.items():
        kept = list(dict.fromkeys(glyphs))[:MOST_GLYPHS]
        labels[place, : len(kept)] = kept
    return labels


def _filled(box: Sequence[float]) -> NDArray[np.float64]:
    """How much of the picture lies both in `box` and in each cell, [64]."""
    left, top, right, bottom = box
    edges = np.arange(TOKENS_A_SIDE + 1) / TOKENS_A_SIDE
    wide = np.clip(np.minimum(edges[1:], right) - np.maximum(edges[:-1], left), 0, None)
    high = np.clip(np.minimum(edges[1:], bottom) - np.maximum(edges[:-1], top), 0, None)
    return np.outer(high, wide).ravel()


def _cover(items: list[Item]) -> NDArray[np.float64]:
    """How much of each cell the boxes fill; a box smaller than a cell counts for more."""
    shares = np.zeros(VISUAL_TOKENS)
    for box in (item.box for item in items):
        left, top, right, bottom = box
        small = min((right - left) * (bottom - top), TOKENS_A_SIDE**-2)
        shares = np.maximum(shares, _filled(box) / small)
    return shares


def _group_labels(scene: Scene, group: Group) -> list[int]:
    said = {
        "kind": group.kind,
        "color": visible_color(scene, group),
        "count": group.count,
        "side": group.side,
        "row": group.row,
        "text": group.text,
    }
    return [
        values.index(said[name]) if said[name] is not None else IGNORE
        for name, values in CELL_VALUES.items()
    ]
