"""A conversation leaves as a zip, and one comes back."""

from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from api.run_schemas import ConversationView
from models.errors import DuomoError
from ui.untrusted import as_label, file_stem, one_line
from ui.web.current import open_conversation
from ui.web.engine import engine
from ui.web.words import told, words


@st.dialog(words()("sidebar.export_title"))
def show_export(conversation: ConversationView) -> None:
    text = words()
    title = conversation.title or text("sidebar.untitled")
    st.text(text("sidebar.export_note", title=one_line(title, 40)))
    try:
        data = _packed(conversation.id)
    except DuomoError as error:
        st.error(as_label(told(error), 300), icon=":material/error:")
        return
    st.download_button(
        text("sidebar.export_save"),
        data,
        file_name=f"{file_stem(title)}.zip",
        mime="application/zip",
        key="export-save",
        on_click="ignore",
        type="primary",
        icon=":material/download:",
    )


def _packed(conversation_id: str) -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "conversation.zip"
        engine().export_conversation(conversation_id, file, words().locale)
        return file.read_bytes()


@st.dialog(words()("sidebar.import_title"))
def show_import() -> None:
    text = words()
    file = st.file_uploader(text("sidebar.import_note"), type="zip", key="import-file")
    if file is None:
        return
    try:
        conversation = engine().import_conversation(file)
    except DuomoError as error:
        st.error(as_label(told(error), 300), icon=":material/error:")
        return
    open_conversation(conversation.id)
    st.rerun()
