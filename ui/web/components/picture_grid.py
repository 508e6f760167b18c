"""Pictures in a grid that stays quick: one element for a page of them, each loaded when in view."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

from ui.untrusted import one_line
from ui.web.words import words

_HERE = Path(__file__).parent
_grid = st.components.v2.component(
    "duomo_picture_grid",
    html='<ul class="grid"></ul>',
    css=(_HERE / "picture_grid.css").read_text("utf-8"),
    js=(_HERE / "picture_grid.js").read_text("utf-8"),
)


@dataclass(frozen=True)
class Tile:
    """`src` is a path of the page's own server; empty for a sound."""

    id: str
    src: str
    name: str
    note: str


def show_grid(
    tiles: Sequence[Tile],
    chosen: Collection[str],
    key: str,
    *,
    on_open: Callable[[str], None],
    on_choose: Callable[[set[str], set[str]], None],
) -> None:
    """`on_open` gets an id; `on_choose` the ids that are shown, and those of them now chosen."""
    text = words()
    shown = [tile.id for tile in tiles]

    def opened() -> None:
        if (tile := st.session_state[key].get("opened")) in shown:
            on_open(tile)

    def changed() -> None:
        picked = st.session_state[key].get("chosen")
        if isinstance(picked, list):
            on_choose(set(shown), {tile for tile in picked if tile in shown})

    _grid(
        key=key,
        data={
            "tiles": [{**asdict(tile), "name": one_line(tile.name)} for tile in tiles],
            "chosen": [tile for tile in shown if tile in chosen],
            "words": {name: text(f"grid.{name}") for name in ("grid", "choose", "gone")},
        },
        on_opened_change=opened,
        on_chosen_change=changed,
    )
