"""The conversations: begin, open, rename, delete; below them what the engine is."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime

import streamlit as st

from api.library_schemas import IndexJob
from api.run_schemas import ConversationView
from models.errors import EngineUnavailable, NotFound
from ui.untrusted import as_label, one_line
from ui.web.components.bundles import show_export, show_import
from ui.web.current import address, begin_new, current, open_conversation
from ui.web.engine import about, engine
from ui.web.words import told, words

RENAMING = "renaming"
"""Session state: the conversation whose name is being written."""
SHOWN = 60
"""Conversations listed; older ones are a search away."""


def show_sidebar(pages: Sequence[st.Page]) -> None:
    """`pages`: those beside the conversation."""
    text = words()
    with st.sidebar:
        st.subheader(text("app.title"), anchor=False)
        with st.container(horizontal=True, wrap=False, gap="small", key="begin"):
            st.button(
                text("sidebar.new"),
                icon=":material/edit_square:",
                width="stretch",
                key="new",
                on_click=begin_new,
            )
            name = text("sidebar.import")  # read to who can't see; the sign stands alone
            if st.button(name, key="import", icon=":material/upload:", help=name):
                show_import()
        _conversations()
        _links(pages)
        _footer()


def _links(pages: Sequence[st.Page]) -> None:
    with st.container(key="links", gap="xsmall"):
        for page in pages:
            st.page_link(page, query_params=address())


def _conversations() -> None:
    conversations = engine().conversations()
    if not conversations:
        st.caption(words()("sidebar.empty"))
    heading = ""
    for conversation in conversations[:SHOWN]:
        if (age := _age(conversation)) != heading:
            heading = age
            st.caption(words()(f"sidebar.{age}"))
        _row(conversation)


def _age(conversation: ConversationView) -> str:
    day = datetime.fromtimestamp(conversation.updated).astimezone().date()
    days = (date.today() - day).days  # noqa: DTZ011 (the person's own calendar day)
    return "today" if days <= 0 else "week" if days < 7 else "earlier"


def _row(conversation: ConversationView) -> None:
    if st.session_state.get(RENAMING) == conversation.id:
        _rename(conversation)
        return
    text, is_open = words(), conversation.id == current()
    title = conversation.title or text("sidebar.untitled")
    with st.container(
        horizontal=True,
        wrap=False,
        gap=None,
        key=f"row-{'open-' if is_open else ''}{conversation.id}",
    ):
        st.button(
            as_label(title, 22),
            key=f"open-{conversation.id}",
            type="tertiary",
            width="stretch",
            on_click=open_conversation,
            args=(conversation.id,),
        )
        chosen = st.menu_button(
            text("sidebar.more"),
            ["rename", "export", "delete"],
            key=f"more-{conversation.id}",
            type="tertiary",
            icon=":material/more_horiz:",
            format_func=lambda choice: text(f"sidebar.{choice}"),
        )
    if chosen == "rename":
        st.session_state[RENAMING] = conversation.id
        st.rerun()
    elif chosen == "export":
        show_export(conversation)
    elif chosen == "delete":
        _delete(conversation)


def _rename(conversation: ConversationView) -> None:
    """In its place in the list: Enter or the tick keeps the new name."""
    key = f"title-{conversation.id}"
    with st.container(horizontal=True, wrap=False, gap=None, key=f"renaming-{conversation.id}"):
        st.text_input(
            words()("sidebar.name"),
            value=conversation.title,
            max_chars=200,
            key=key,
            label_visibility="collapsed",
            on_change=_renamed,
            args=(conversation.id, key),
        )
        st.button(
            words()("save"),
            key=f"renamed-{conversation.id}",
            type="tertiary",
            icon=":material/check:",
            help=words()("save"),
            on_click=_renamed,
            args=(conversation.id, key),
        )


def _renamed(conversation_id: str, key: str) -> None:
    title = st.session_state[key].strip()
    st.session_state.pop(RENAMING, None)
    if title:
        with suppress(NotFound):  # another tab deleted it
            engine().rename_conversation(conversation_id, title)


@st.dialog(words()("sidebar.delete_title"))
def _delete(conversation: ConversationView) -> None:
    text = words()
    title = one_line(conversation.title or text("sidebar.untitled"), 40)
    st.text(text("sidebar.delete_question", title=title))
    with st.container(horizontal=True):
        if st.button(text("sidebar.delete"), type="primary", key="delete-yes"):
            _forget(conversation.id)
            st.rerun()
        if st.button(text("cancel"), key="delete-no"):
            st.rerun()


def _forget(conversation_id: str) -> None:
    with suppress(NotFound):  # another tab was faster
        engine().delete_conversation(conversation_id)
    if current() == conversation_id:
        begin_new()


@st.fragment(run_every=3.0)
def _footer() -> None:
    """What the engine is and does just now."""
    try:
        profile, readiness = about().profile, engine().ready()
        library = None if "library" in readiness.loading else engine().library()
    except EngineUnavailable:
        st.rerun()  # the whole page says so
    text = words()
    with st.container(key="footer"):
        known = f"profiles.{profile}"
        name = text.of(known, as_label(profile))
        st.caption(text("sidebar.profile", profile=name))
        _language_server()
        if library is None:
            st.caption(f":material/hourglass_top: {text('sidebar.opening')}")
        else:
            st.caption(text("sidebar.images", count=library.images))
            _indexing(library.job)
        if "llm" in readiness.loading:
            st.caption(f":material/hourglass_top: {text('sidebar.loading')}")
        for problem in readiness.problems:
            st.warning(as_label(told(problem), 300), icon=":material/warning:")


def _language_server() -> None:
    """Who answers, and whether what is said leaves this machine."""
    text, server = words(), about().language_server
    if server is None:
        return
    host, model = as_label(server.host), as_label(server.model)
    st.caption(text("sidebar.server", model=model, host=host))
    if server.leaves:
        st.warning(text("sidebar.leaves", host=host), icon=":material/public:")


def _indexing(job: IndexJob | None) -> None:
    if job is not None and job.state in {"queued", "running"}:
        done = min(job.done / job.found, 1.0) if job.found else 0.0
        st.progress(done, text=words()("sidebar.indexing", done=job.done, found=job.found))
