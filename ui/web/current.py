"""Which conversation this tab shows: it stands in the address, so that a reload finds it again.

Pages beside the conversation keep it there, so that a person comes back to where they were.
"""

import streamlit as st

_KEY = "c"
_GO = "go-to-conversation"


def current() -> str | None:
    return st.query_params.get(_KEY)


def open_conversation(conversation_id: str) -> None:
    st.query_params[_KEY] = conversation_id
    st.session_state[_GO] = True


def begin_new() -> None:
    st.query_params.pop(_KEY, None)
    st.session_state[_GO] = True


def is_asked_for() -> bool:
    """Whether a conversation has been chosen since this was asked last."""
    return bool(st.session_state.pop(_GO, False))


def address() -> dict[str, str]:
    """The part of the address that says which conversation is open."""
    conversation_id = current()
    return {} if conversation_id is None else {_KEY: conversation_id}
