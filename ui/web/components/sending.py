"""发到对话: pictures go along with a question, into a new conversation or one that is there."""

from collections.abc import Callable, Sequence

import streamlit as st

from api.run_schemas import MAX_ATTACHMENTS, ConversationView
from models.errors import DuomoError
from ui.untrusted import as_label, one_line
from ui.web.asking import start
from ui.web.current import current
from ui.web.engine import engine
from ui.web.words import told, words

_LISTED = 20


@st.dialog(words()("send.title"))
def ask_about(
    count: int,
    keep: Callable[[], Sequence[str]],
    *,
    question: str | None = None,
    refused: Sequence[str] = (),
) -> None:
    """`keep` gives the SHA-256 of the artifacts to attach, `count` of them. `question`: what is
    already written; `refused`: files that can't go along, and why."""
    text = words()
    if count > MAX_ATTACHMENTS:
        st.warning(text("send.too_many", most=MAX_ATTACHMENTS), icon=":material/warning:")
        return
    for reason in refused:
        st.warning(as_label(reason, 300), icon=":material/warning:")
    written = text("chat.only_picture") if question is None else question
    question = st.text_area(text("send.question"), value=written, key="send-text")
    by_id = {c.id: c for c in engine().conversations()[:_LISTED]}
    choices = ["", *by_id]
    opened = current()
    where = st.selectbox(
        text("send.where"),
        choices,
        index=choices.index(opened) if opened in by_id else 0,
        format_func=lambda choice: _title(by_id.get(choice)),
        key="send-where",
    )
    ready = bool(question.strip())
    label = text("send.send", count=count) if count else text("send.without")
    if st.button(label, type="primary", key="send-go", disabled=not ready):
        _send(where, question.strip(), keep)


def _title(conversation: ConversationView | None) -> str:
    text = words()
    if conversation is None:
        return text("sidebar.new")
    return one_line(conversation.title or text("sidebar.untitled"), 40)


def _send(conversation_id: str, question: str, keep: Callable[[], Sequence[str]]) -> None:
    try:
        start(conversation_id, question, list(keep()))
    except DuomoError as error:
        st.error(as_label(told(error), 300), icon=":material/error:")
        return
    st.rerun()
