"""A press that changed what stands outside its own part of the page.

A part that draws itself (a Streamlit fragment) draws only itself after a press. And where the page
was drawn anew without that part between the button's drawing and its press, Streamlit calls back
but draws nothing. So a callback leaves a note, and the parts that look again and again act on it.
"""

import streamlit as st

_KEY = "redraw"


def ask_for_redraw() -> None:
    """Call it in a callback."""
    st.session_state[_KEY] = True


def redraw_if_asked() -> None:
    """In a fragment: does not return where the whole page has to be drawn."""
    if st.session_state.get(_KEY):
        st.rerun()


def note_drawing() -> None:
    """At the beginning of the whole page."""
    st.session_state.pop(_KEY, None)
