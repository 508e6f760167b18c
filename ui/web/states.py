"""The page when it can't do its work: the engine is away or still starting."""

import streamlit as st

from models.errors import EngineUnavailable
from ui.web.engine import engine
from ui.web.words import words


def show_unreachable() -> None:
    """Tries again by itself; a person can do so at once."""
    text = words()
    with st.container(key="state", horizontal_alignment="center"):
        st.title(":material/cloud_off:", anchor=False, width="content")
        st.subheader(text("engine.away"), anchor=False, width="content")
        st.markdown(text("engine.away_note"), text_alignment="center")
        st.button(text("engine.retry"), icon=":material/refresh:", type="primary")
        st.caption(text("engine.retrying"), width="content")
    _until_it_answers()


def show_starting() -> None:
    text = words()
    with st.container(key="state", horizontal_alignment="center"):
        st.title(":material/hourglass_top:", anchor=False, width="content")
        st.subheader(text("engine.starting"), anchor=False, width="content")
        st.caption(text("engine.starting_note"), width="content")
    _until_it_answers()


@st.fragment(run_every=1.0)
def _until_it_answers() -> None:
    try:
        readiness = engine().ready()
    except EngineUnavailable:
        return
    if readiness.ready or "engine" not in readiness.loading:
        st.rerun()
