"""创作记录: everything that was made, across conversations; find it, compare it, delete it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import streamlit as st

from api.artifact_schemas import ArtifactInfo
from api.picture_schemas import CreationPage
from models.errors import DuomoError
from ui.untrusted import one_line
from ui.web.components.creation_detail import ACT, compare, show_creation
from ui.web.components.paging import SIZE, Paging
from ui.web.components.picture_grid import Tile, show_grid
from ui.web.components.sending import ask_about
from ui.web.engine import artifact, engine, thumbnail
from ui.web.telling import tell
from ui.web.thumbnails import artifact_thumbnail
from ui.web.words import words

ORDER = 14
ICON = ":material/palette:"
_KEYS = ("made-words", "made-tool", "made-checkpoint", "made-days")
_MOST_COMPARED = 4


def show() -> None:
    text, paging = words(), Paging("creations")
    with st.container(key="wide"):
        st.title(text("creations.title"), anchor=False)
        query = _asked()
        paging.follow(tuple(sorted(query.items())))
        page = engine().creations(**query, limit=SIZE, offset=paging.offset)
        _search(page)
        if page.creations:
            _grid(page, paging)
        elif query:
            _nothing()
        else:
            st.info(text("creations.empty"), icon=":material/palette:")
    _dialogs(paging)


def _asked() -> dict[str, Any]:
    """The fields of `api.picture_schemas.CreationQuery` that are given, from the controls."""
    state = st.session_state
    after, before = (*_days(state.get("made-days")), None, None)[:2]
    query = {
        "words": str(state.get("made-words", "")).strip() or None,
        "tool": state.get("made-tool"),
        "checkpoint": state.get("made-checkpoint"),
        "after": after,
        "before": before,
    }
    return {name: value for name, value in query.items() if value is not None}


def _days(days: Any) -> tuple[str, ...]:
    given = days if isinstance(days, tuple) else ()
    return tuple(day.isoformat() for day in given if isinstance(day, date))


def _search(page: CreationPage) -> None:
    text = words()
    with st.container(horizontal=True, vertical_alignment="bottom", key="made-search"):
        st.text_input(
            text("creations.words"),
            key="made-words",
            placeholder=text("creations.example"),
            max_chars=500,
            icon=":material/search:",
            width="stretch",
        )
        st.selectbox(
            text("creation.tool"),
            page.tools,
            index=None,
            key="made-tool",
            placeholder=text("filter.any"),
            format_func=_tool,
            width=150,
        )
        st.selectbox(
            text("creation.checkpoint"),
            page.checkpoints,
            index=None,
            key="made-checkpoint",
            placeholder=text("filter.any"),
            format_func=lambda name: one_line(name, 40),
            width=190,
        )
        today = date.today()  # noqa: DTZ011
        st.date_input(
            text("filter.dated"),
            value=[],
            key="made-days",
            max_value=today,
            format="YYYY-MM-DD",
            width=230,
        )


def _tool(name: str) -> str:
    text, key = words(), f"skill.{name}"
    return text.of(key, one_line(name, 40))


def _nothing() -> None:
    text = words()
    with st.container(key="state", horizontal_alignment="center"):
        st.markdown(text("creations.nothing"), width="content")
        st.button(text("library.clear"), icon=":material/filter_alt_off:", on_click=_clear)


def _clear() -> None:
    for key in _KEYS:
        st.session_state.pop(key, None)


def _grid(page: CreationPage, paging: Paging) -> None:
    text, chosen = words(), paging.chosen
    if chosen:
        _chosen_bar(paging)
    else:
        st.caption(f"{text('creations.count', count=page.total)} · {text('grid.keys')}")
    show_grid(
        [_tile(made) for made in page.creations],
        chosen,
        "creation-grid",
        on_open=lambda tile: st.session_state.update({ACT: ("open", [tile])}),
        on_choose=paging.choose,
    )
    paging.show_pager(page.total)


def _tile(made: ArtifactInfo) -> Tile:
    said = made.lineage.arguments
    name = next((str(said[k]) for k in ("prompt", "instruction", "text") if said.get(k)), made.name)
    day = datetime.fromtimestamp(made.created).astimezone().strftime("%m-%d %H:%M")
    return Tile(made.sha256, artifact_thumbnail(made), name, f"{day} {one_line(name, 40)}")


def _chosen_bar(paging: Paging) -> None:
    text, chosen = words(), paging.chosen
    with st.container(horizontal=True, vertical_alignment="center", key="chosen-bar"):
        st.markdown(text("grid.chosen", count=len(chosen)), width="content")
        _act("compare", "compare", chosen, 2 <= len(chosen) <= _MOST_COMPARED)
        st.download_button(
            text("grid.zip"),
            lambda: engine().bundle_creations(chosen),
            file_name="duomo-creations.zip",
            mime="application/zip",
            icon=":material/folder_zip:",
            key="made-zip",
            on_click="ignore",
        )
        _act("send", "send", chosen, True)
        _act("delete", "delete", chosen, True)
        st.button(text("grid.none"), key="made-none", type="tertiary", on_click=paging.clear)


def _act(what: str, icon: str, chosen: Sequence[str], there: bool) -> None:
    label = words()("send.title" if what == "send" else f"creation.{what}")
    help_ = words()("creation.compare_help") if what == "compare" else None
    if st.button(
        label, icon=f":material/{icon}:", key=f"made-{what}", disabled=not there, help=help_
    ):
        st.session_state[ACT] = (what, list(chosen))


def _dialogs(paging: Paging) -> None:
    """At most one at a time."""
    what, sha256s = st.session_state.pop(ACT, ("", []))
    if what == "open":
        show_creation(sha256s[0])
    elif what == "compare":
        compare(sha256s)
    elif what == "send":
        ask_about(len(sha256s), lambda: sha256s)
    elif what == "delete":
        _delete(sha256s, paging)


@st.dialog(words()("creation.delete_title"))
def _delete(sha256s: Sequence[str], paging: Paging) -> None:
    text = words()
    st.text(text("creation.delete_question", count=len(sha256s)))
    with st.container(horizontal=True):
        if st.button(text("creation.delete"), type="primary", key="delete-creations-yes"):
            _deleted(sha256s)
            paging.clear()
            st.rerun()
        if st.button(text("cancel"), key="delete-creations-no"):
            st.rerun()


def _deleted(sha256s: Sequence[str]) -> None:
    try:
        count = engine().delete_creations(sha256s)
    except DuomoError as error:
        tell(error)
        return
    thumbnail.clear()  # what was kept to be shown is deleted, too
    artifact.clear()
    st.toast(words()("creation.deleted", count=count))
