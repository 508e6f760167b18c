"""Which conversation this tab shows: it stands in the address, so that a reload finds it again."""

import streamlit as st

_KEY = "c"


def current() -> str | None:
    return st.query_params.get(_KEY)


def open_conversation(conversation_id: str) -> None:
    st.query_params[_KEY] = conversation_id


def begin_new() -> None:
    st.query_params.pop(_KEY, None)
