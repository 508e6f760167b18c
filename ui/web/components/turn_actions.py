"""Below an answer: what it is worth, the same question again or in other words, a branch.

Nothing is lost by any of them: the last question is answered again below, an earlier one or one in
other words in a new conversation that has what stood before it.
"""

import streamlit as st

from api.client import Turn
from api.run_schemas import MAX_TEXT
from api.turn_schemas import FeedbackView
from models.errors import DuomoError
from ui.web.asking import ask, ask_in_branch
from ui.web.components.opinion import show_note, show_thumbs
from ui.web.components.sounds import SPEAKS, read_aloud
from ui.web.current import current, open_conversation
from ui.web.engine import about, engine
from ui.web.telling import tell
from ui.web.words import words


def show_actions(turn: Turn, given: FeedbackView | None, *, is_last: bool) -> None:
    """For a turn that has ended; `given`: what was said of it."""
    asked = bool(turn.text) and not turn.rerun_of  # a person wrote it
    if asked and _editing(turn.run_id) in st.session_state:
        _edit(turn)
        return
    with st.container(
        horizontal=True, vertical_alignment="center", gap="xsmall", key=f"actions-{turn.run_id}"
    ):
        if asked:
            _questions(turn, is_last=is_last)
        if turn.answer and any(tool.name == SPEAKS for tool in about().tools):
            _aloud(turn.run_id)
        show_thumbs(turn.run_id, given)
        if given is not None:
            show_note(given)
        _menu(turn.run_id)


def _questions(turn: Turn, *, is_last: bool) -> None:
    text = words()
    st.button(
        text("chat.again"),
        key=f"again-{turn.run_id}",
        type="tertiary",
        icon=":material/replay:",
        on_click=_again,
        args=(turn, is_last),
    )
    st.button(
        text("chat.reword"),
        key=f"reword-{turn.run_id}",
        type="tertiary",
        icon=":material/edit:",
        on_click=_open,
        args=(turn.run_id,),
    )


def _aloud(run_id: str) -> None:
    st.button(
        words()("chat.aloud"),
        key=f"aloud-{run_id}",
        type="tertiary",
        icon=":material/volume_up:",
        on_click=read_aloud,
        args=(run_id,),
    )


def _again(turn: Turn, is_last: bool) -> None:
    files = _files(turn)
    if is_last:
        ask(turn.text, files, fresh=True)
    else:
        ask_in_branch(turn.run_id, turn.text, files, fresh=True)


def _files(turn: Turn) -> list[str]:
    return [view.sha256 for view in turn.attachments]


def _edit(turn: Turn) -> None:
    """The question in a field, to be asked in other words."""
    text, key = words(), f"words-{turn.run_id}"
    with st.form(f"edit-{turn.run_id}"):
        st.text_area(text("branch.question"), value=turn.text, max_chars=MAX_TEXT, key=key)
        st.caption(text("branch.note"))
        with st.container(horizontal=True):
            st.form_submit_button(
                text("branch.send"),
                key=f"edited-{turn.run_id}",
                type="primary",
                icon=":material/call_split:",
                on_click=_edited,
                args=(turn, key),
            )
            st.form_submit_button(
                text("cancel"), key=f"unedited-{turn.run_id}", on_click=_close, args=(turn.run_id,)
            )


def _edited(turn: Turn, key: str) -> None:
    question = str(st.session_state[key]).strip()
    if question and ask_in_branch(turn.run_id, question, _files(turn)):
        _close(turn.run_id)


def _editing(run_id: str) -> str:
    """Session state: there while the question of this turn is being written anew."""
    return f"editing-{run_id}"


def _open(run_id: str) -> None:
    st.session_state[_editing(run_id)] = True


def _close(run_id: str) -> None:
    st.session_state.pop(_editing(run_id), None)


def _menu(run_id: str) -> None:
    key = f"menu-turn-{run_id}"
    st.menu_button(
        words()("artifact.more"),
        ["branch"],
        key=key,
        type="tertiary",
        icon=":material/more_horiz:",
        format_func=lambda choice: words()(f"chat.{choice}"),
        on_click=_branch,
        args=(run_id,),
    )


def _branch(run_id: str) -> None:
    try:
        branch = engine().branch(current() or "", run_id)
    except DuomoError as error:
        tell(error)
        return
    open_conversation(branch.id)
    st.toast(words()("branch.made"), icon=":material/call_split:")
