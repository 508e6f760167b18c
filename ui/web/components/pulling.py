"""The pull while it runs: how far, how fast, how long still, and the way to stop it."""

import streamlit as st

from api.model_schemas import PullView
from models.errors import DuomoError, EngineUnavailable
from ui.measures import duration, size
from ui.untrusted import as_label
from ui.web.engine import engine
from ui.web.words import told, words

LIVE_SECONDS = 0.5
_SEEN = "pull-seen"
_DISMISSED = "pull-dismissed"


@st.fragment(run_every=LIVE_SECONDS)
def show_pull() -> None:
    """Draws nothing where no pull has run. The page is drawn anew once when one ends."""
    try:
        job = engine().pull_job()
    except EngineUnavailable:
        st.rerun()
    if job is None:
        return
    if job.state == "running":
        st.session_state[_SEEN] = job.id
        _running(job)
    elif st.session_state.get(_SEEN) == job.id:
        st.session_state.pop(_SEEN)
        st.rerun()
    elif st.session_state.get(_DISMISSED) != job.id:
        _ended(job)


def _running(job: PullView) -> None:
    text = words()
    done = job.bytes_done / job.bytes_total if job.bytes_total else 0.0
    with st.container(key="pull", border=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            title = text(f"pull.{job.stage}", name=as_label(job.checkpoint))
            st.markdown(f"**{title}**  \n:small[:gray[{_pace(job)}]]", width="stretch")
            st.button(
                text("pull.stop"),
                key=f"stop-pull-{job.id}",
                icon=":material/stop_circle:",
                on_click=_stop,
            )
        st.progress(min(max(done, 0.0), 1.0))


def _pace(job: PullView) -> str:
    text = words()
    parts = [as_label(job.source)]
    if job.bytes_total:
        parts.append(f"{size(job.bytes_done)} / {size(job.bytes_total)}")
    if job.rate:
        parts.append(text("pull.rate", rate=size(job.rate)))
    if job.eta_seconds:
        parts.append(text("pull.eta", eta=duration(job.eta_seconds)))
    return " · ".join(part for part in parts if part)


def _ended(job: PullView) -> None:
    text = words()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="pull-ended"):
        with st.container(width="stretch"):
            if job.error is not None:
                st.error(as_label(told(job.error), 800), icon=":material/error:")
            elif job.state == "cancelled":
                st.info(text("pull.cancelled"), icon=":material/stop_circle:")
            else:
                st.success(text("pull.finished"), icon=":material/check_circle:")
        st.button(
            text("pull.dismiss"),
            key=f"dismiss-{job.id}",
            type="tertiary",
            on_click=_dismiss,
            args=(job.id,),
        )


def _dismiss(job_id: str) -> None:
    st.session_state[_DISMISSED] = job_id


def _stop() -> None:
    try:
        engine().cancel_pull()
    except DuomoError as error:
        st.toast(as_label(told(error), 300), icon=":material/error:")
