"""Thumbs up or down for an answer, and a note to it. The engine keeps both, on this machine."""

from typing import Literal

import streamlit as st

from api.turn_schemas import MAX_NOTE, FeedbackView
from models.errors import DuomoError
from ui.untrusted import as_label
from ui.web.engine import engine
from ui.web.telling import tell
from ui.web.words import words

Verdict = Literal["up", "down"]
_VERDICTS: tuple[Verdict, ...] = ("down", "up")
"""By the number that the widget has for them."""


def show_thumbs(run_id: str, given: FeedbackView | None) -> None:
    """A press on the chosen one takes it back."""
    key = f"thumbs-{run_id}"
    # The engine's word holds: another tab may have changed it.
    st.session_state[key] = None if given is None else _VERDICTS.index(given.verdict)
    st.feedback("thumbs", key=key, on_change=_pressed, args=(run_id, key, given))


def _pressed(run_id: str, key: str, given: FeedbackView | None) -> None:
    pressed: int | None = st.session_state[key]
    try:
        if pressed is None:
            engine().take_feedback_back(run_id)
            return
        engine().give_feedback(run_id, _VERDICTS[pressed], given.note if given else "")
    except DuomoError as error:
        tell(error)
        return
    if given is None:
        st.toast(words()("opinion.kept"), icon=":material/lock:")


def show_note(given: FeedbackView) -> None:
    text, key = words(), f"note-{given.run_id}"
    label = as_label(given.note, 12) if given.note else text("opinion.add")
    with (
        # Under another name once it was saved: so it closes.
        st.popover(label, type="tertiary", key=f"noting-{given.run_id}-{given.updated}"),
        st.form(f"noted-{given.run_id}", border=False),
    ):
        st.text_area(
            text("opinion.note"),
            value=given.note,
            placeholder=text("opinion.example"),
            max_chars=MAX_NOTE,
            key=key,
        )
        st.caption(f":material/lock: {text('opinion.private')}")
        st.form_submit_button(
            text("save"), key=f"save-{given.run_id}", on_click=_noted, args=(given, key)
        )


def _noted(given: FeedbackView, key: str) -> None:
    try:
        engine().give_feedback(given.run_id, given.verdict, str(st.session_state[key]))
    except DuomoError as error:
        tell(error)
        return
    st.toast(words()("opinion.kept"), icon=":material/lock:")
