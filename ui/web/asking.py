"""What a person asks from anywhere on the page, and what is put into the input for them."""

from collections.abc import Sequence

import streamlit as st

from models.errors import DuomoError
from ui.web.components.focus import take_focus
from ui.web.current import current, open_conversation
from ui.web.engine import engine
from ui.web.fresh import note_fresh
from ui.web.redraw import ask_for_redraw
from ui.web.telling import tell
from ui.web.words import words

QUESTION = "question"
"""The key of the chat's input."""
_BEGUN = "begun"


def start(
    conversation_id: str | None,
    question: str,
    attachments: Sequence[str],
    *,
    fresh: bool = False,
) -> None:
    """Start a run there, or in a new conversation, and open it. Raises what the engine says."""
    conversation_id = conversation_id or engine().create_conversation().id
    started = engine().start_run(conversation_id, question, attachments, fresh=fresh)
    note_fresh(started.run_id)
    open_conversation(conversation_id)


def ask(question: str, attachments: Sequence[str] = (), *, fresh: bool = False) -> None:
    """Start a run in this conversation, or in a new one; `attachments` by SHA-256; `fresh`: all
    of it done anew, nothing recalled."""
    try:
        start(current(), question, attachments, fresh=fresh)
    except DuomoError as error:
        tell(error)


def ask_in_branch(
    run_id: str, question: str, attachments: Sequence[str] = (), *, fresh: bool = False
) -> bool:
    """Ask in a new conversation that has what stood before the turn `run_id`, and open it; this one
    stays as it is. False when it could not be done, and nothing is left of it."""
    try:
        branch = engine().branch(current() or "", run_id, before=True)
    except DuomoError as error:
        tell(error)
        return False
    try:
        start(branch.id, question, attachments, fresh=fresh)
    except DuomoError as error:
        engine().delete_conversation(branch.id)
        tell(error)
        return False
    st.toast(words()("branch.asked"), icon=":material/call_split:")
    return True


def begin(text: str) -> None:
    """Put the beginning of a request into the input, for the person to go on at once."""
    st.session_state[_BEGUN] = text
    take_focus()
    ask_for_redraw()


def take_begun() -> None:
    """Right before the input is drawn. Not written into it earlier: Streamlit empties an input
    after any run of the page, drawn in it or not."""
    if (text := st.session_state.get(_BEGUN)) is not None:
        st.session_state[QUESTION] = text


def forget_begun() -> None:
    """Right after it: a run that is cut short before the input leaves the text to the next."""
    st.session_state.pop(_BEGUN, None)
