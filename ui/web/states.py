"""The page when it can't do its work: the engine is away or still starting."""

import time

import streamlit as st

from models.errors import EngineUnavailable
from ui.web.engine import engine
from ui.web.words import words

_RESTARTED = "restarted"
_RESTART_SECONDS = 60.0  # later than this it is not coming back


def note_restart() -> None:
    """The engine goes away because a person wants it to."""
    st.session_state[_RESTARTED] = time.monotonic()


def show_unreachable() -> None:
    """Tries again by itself; a person can do so at once."""
    text = words()
    if time.monotonic() - st.session_state.get(_RESTARTED, -_RESTART_SECONDS) < _RESTART_SECONDS:
        _show_waiting(text("engine.restarting"), text("engine.restarting_note"))
        return
    with st.container(key="state", horizontal_alignment="center"):
        st.title(":material/cloud_off:", anchor=False, width="content")
        st.subheader(text("engine.away"), anchor=False, width="content")
        st.markdown(text("engine.away_note"), text_alignment="center")
        st.button(text("engine.retry"), icon=":material/refresh:", type="primary")
        st.caption(text("engine.retrying"), width="content")
    _until_it_answers()


def show_starting() -> None:
    text = words()
    _show_waiting(text("engine.starting"), text("engine.starting_note"))


def _show_waiting(title: str, note: str) -> None:
    with st.container(key="state", horizontal_alignment="center"):
        st.title(":material/hourglass_top:", anchor=False, width="content")
        st.subheader(title, anchor=False, width="content")
        st.caption(note, width="content")
    _until_it_answers()


@st.fragment(run_every=1.0)
def _until_it_answers() -> None:
    try:
        readiness = engine().ready()
    except EngineUnavailable:
        return
    if readiness.ready or "engine" not in readiness.loading:
        st.rerun()
