"""How sounds of the page are played: their speed, and whether new ones play by themselves.

The browser keeps both; off, and at normal speed, until a person says otherwise there.
"""

from pathlib import Path

import streamlit as st

from ui.web.words import words

_HERE = Path(__file__).parent
_sounds = st.components.v2.component(
    "duomo_sounds",
    html='<div class="sounds"><label class="auto"><input type="checkbox"></label>'
    '<label class="speed"><select></select></label></div>',
    css=(_HERE / "sounds.css").read_text("utf-8"),
    js=(_HERE / "sounds.js").read_text("utf-8"),
)


def show_sounds() -> None:
    """Once on the page; what it says holds for every sound there."""
    text = words()
    _sounds(key="sounds", data={"words": {k: text(f"sounds.{k}") for k in ("auto", "speed")}})
