"""How sounds of the page are played: their speed, whether new ones play by themselves, and answers
that are read aloud.

The browser keeps the choices; all off, and at normal speed, until a person says otherwise there.
"""

import uuid
from pathlib import Path

import streamlit as st

from ui.web.words import words

SPEAKS = "speak"
"""The tool without which nothing here has a voice."""
_READ = "read-aloud"
_HERE = Path(__file__).parent
_sounds = st.components.v2.component(
    "duomo_sounds",
    html='<div class="sounds"><span role="status"></span><button type="button" hidden></button>'
    '<label class="aloud"><input type="checkbox"></label>'
    '<label class="auto"><input type="checkbox"></label>'
    '<label class="speed"><select></select></label></div>',
    css=(_HERE / "sounds.css").read_text("utf-8"),
    js=(_HERE / "sounds.js").read_text("utf-8"),
)


def show_sounds() -> None:
    """Once on the page; what it says holds for every sound there."""
    text = words()
    told = {name: text(f"sounds.{name}") for name in ("aloud", "auto", "speed", "stop", "failed")}
    _sounds(key="sounds", data={"words": told, "read": st.session_state.get(_READ)})


def read_aloud(run_id: str) -> None:
    """Read this answer; a second press stops it."""
    st.session_state[_READ] = {"run": run_id, "press": uuid.uuid4().hex}
