"""Below an answer: ask the same again, or put the question back to change it."""

import streamlit as st

from api.client import Turn
from ui.web.asking import ask, begin
from ui.web.words import words


def show_actions(turn: Turn) -> None:
    """For a turn that ended and that a person wrote."""
    text = words()
    with st.container(horizontal=True, gap="xsmall", key=f"actions-{turn.run_id}"):
        st.button(
            text("chat.again"),
            key=f"again-{turn.run_id}",
            type="tertiary",
            icon=":material/replay:",
            on_click=ask,
            args=(turn.text, [view.sha256 for view in turn.attachments]),
            kwargs={"fresh": True},
        )
        st.button(
            text("chat.reword"),
            key=f"reword-{turn.run_id}",
            type="tertiary",
            icon=":material/edit:",
            on_click=begin,
            args=(turn.text,),
        )
