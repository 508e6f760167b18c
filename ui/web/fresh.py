"""Turns that this tab has seen begin: what they speak is new to whoever sits before it."""

import streamlit as st

_KEY = "fresh-turns"


def note_fresh(run_id: str) -> None:
    st.session_state.setdefault(_KEY, set()).add(run_id)


def is_fresh(run_id: str) -> bool:
    return run_id in st.session_state.get(_KEY, ())
