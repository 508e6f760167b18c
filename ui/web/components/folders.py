"""Which folders are in the library: add one, see it being indexed, take one out."""

import streamlit as st

from api.library_schemas import IndexJob, LibraryView
from models.errors import DuomoError, EngineUnavailable
from ui.measures import duration
from ui.untrusted import as_label
from ui.web.engine import engine
from ui.web.telling import tell
from ui.web.words import told, words

LIVE_SECONDS = 1.0
_SEEN = "library-seen"


def show_folders(library: LibraryView) -> None:
    text = words()
    with st.expander(
        text("folders.title", count=len(library.folders)),
        key="folders",
        icon=":material/folder:",
        expanded=not library.images,
    ):
        with (
            st.form("add-folder", border=False, clear_on_submit=False),
            st.container(horizontal=True, vertical_alignment="bottom"),
        ):
            st.text_input(
                text("folders.path"),
                key="new-folder",
                placeholder=text("folders.example"),
                help=text("folders.help"),
            )
            st.form_submit_button(
                text("folders.add"), icon=":material/create_new_folder:", on_click=_add
            )
        for folder in library.folders:
            _row(folder)
        live = engine().folders().live
        st.caption(text("folders.live" if live else "folders.looked"))
        if library.unreadable:
            _unreadable(library.unreadable)


def _row(folder: str) -> None:
    with st.container(
        horizontal=True, vertical_alignment="center", wrap=False, key=f"folder-{folder}"
    ):
        st.markdown(as_label(folder, 200), width="stretch")
        pressed = st.button(
            words()("folders.remove"),
            key=f"remove-folder-{folder}",
            type="tertiary",
            icon=":material/folder_off:",
        )
        if pressed:
            _remove(folder)


def _unreadable(count: int) -> None:
    text = words()
    with st.expander(text("folders.unreadable", count=count), type="compact", key="unreadable"):
        for file in engine().unreadable(limit=50):
            why = as_label(told(file), 200)
            st.markdown(f"{as_label(file.path, 200)}  \n:small[:gray[{why}]]")


def _add() -> None:
    folder = str(st.session_state["new-folder"]).strip().strip("\"'")
    if not folder:
        return
    try:
        engine().index([folder])
    except DuomoError as error:
        tell(error)


@st.dialog(words()("folders.remove_title"))
def _remove(folder: str) -> None:
    text = words()
    st.text(text("folders.remove_question", folder=folder))
    with st.container(horizontal=True):
        if st.button(text("folders.remove"), type="primary", key="remove-folder-yes"):
            _removed(folder)
            st.rerun()
        if st.button(text("cancel"), key="remove-folder-no"):
            st.rerun()


def _removed(folder: str) -> None:
    try:
        count = engine().remove_folder(folder)
    except DuomoError as error:
        tell(error)
        return
    st.toast(words()("folders.removed", count=count))


@st.fragment(run_every=LIVE_SECONDS)
def show_indexing(images: int) -> None:
    """How far the run is. The page is drawn anew once when one ends, or pictures came or went."""
    try:
        library = engine().library()
    except EngineUnavailable:
        st.rerun()
    job = library.job
    if job is not None and job.state in {"queued", "running"}:
        st.session_state[_SEEN] = job.id
        _running(job)
        return
    if job is not None and st.session_state.get(_SEEN) == job.id:
        st.session_state.pop(_SEEN)
        st.rerun()
    if library.images != images:
        st.rerun()
    if job is not None and job.error is not None:
        st.error(as_label(told(job.error), 500), icon=":material/error:")


def _running(job: IndexJob) -> None:
    text = words()
    facts = [text("sidebar.indexing", done=job.done, found=job.found)]
    if job.rate:
        facts.append(text("folders.rate", rate=f"{job.rate:.0f}"))
    if job.eta_seconds:
        facts.append(text("pull.eta", eta=duration(job.eta_seconds)))
    with st.container(horizontal=True, vertical_alignment="center", wrap=False, key="indexing"):
        done = min(job.done / job.found, 1.0) if job.found else 0.0
        st.progress(done, text=" · ".join(facts))
        st.button(
            text("folders.stop"),
            key=f"stop-index-{job.id}",
            icon=":material/stop_circle:",
            on_click=_stop,
        )


def _stop() -> None:
    try:
        engine().cancel_index()
    except DuomoError as error:
        st.toast(as_label(told(error), 300), icon=":material/error:")
