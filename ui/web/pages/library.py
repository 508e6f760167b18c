"""图库: the pictures of this machine. Add folders, look for pictures, look closely, take along."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from api.library_schemas import LibraryView
from api.picture_schemas import PicturePage, PictureView
from models.errors import DuomoError
from ui.untrusted import as_label
from ui.web.components.folders import show_folders, show_indexing
from ui.web.components.paging import SIZE, Paging
from ui.web.components.picture_detail import SEND, show_picture_detail
from ui.web.components.picture_grid import Tile, show_grid
from ui.web.components.picture_search import clear_search, show_search
from ui.web.components.sending import ask_about
from ui.web.engine import engine
from ui.web.thumbnails import library_thumbnail
from ui.web.words import told, words

ORDER = 12
ICON = ":material/photo_library:"
_OPEN = "open-picture"


def show() -> None:
    text, library, paging = words(), engine().library(), Paging("library")
    with st.container(key="wide"):
        st.title(text("library.title"), anchor=False)
        show_folders(library)
        show_indexing(library.images)
        if library.images:
            _found(library, paging)
        else:
            st.info(text("library.empty"), icon=":material/add_photo_alternate:")
    _dialogs()


def _found(library: LibraryView, paging: Paging) -> None:
    query = show_search()
    paging.follow(tuple(sorted(query.items())))
    try:
        page = engine().pictures(**query, limit=SIZE, offset=paging.offset)
    except DuomoError as error:
        st.error(as_label(told(error), 300), icon=":material/error:")
        return
    if library.starter and page.searched:
        st.caption(f":material/info: {words()('library.starter')}")
    if not page.pictures:
        _nothing()
        return
    _summary(page, paging)
    show_grid(
        [_tile(picture) for picture in page.pictures],
        paging.chosen,
        "library-grid",
        on_open=_open,
        on_choose=paging.choose,
    )
    paging.show_pager(page.total)


def _nothing() -> None:
    text = words()
    with st.container(key="state", horizontal_alignment="center"):
        st.markdown(text("library.nothing"), width="content")
        st.button(text("library.clear"), icon=":material/filter_alt_off:", on_click=clear_search)


def _summary(page: PicturePage, paging: Paging) -> None:
    text, chosen = words(), paging.chosen
    if not chosen:
        key = "library.nearest" if page.searched else "library.count"
        st.caption(f"{text(key, count=page.total)} · {text('grid.keys')}")
        return
    with st.container(horizontal=True, vertical_alignment="center", key="chosen-bar"):
        st.markdown(text("grid.chosen", count=len(chosen)), width="content")
        st.download_button(
            text("grid.zip"),
            lambda: engine().bundle_pictures([int(tile) for tile in chosen]),
            file_name="duomo-pictures.zip",
            mime="application/zip",
            icon=":material/folder_zip:",
            key="chosen-zip",
            on_click="ignore",
        )
        if st.button(text("send.title"), icon=":material/send:", key="chosen-send"):
            st.session_state[SEND] = chosen
        st.button(text("grid.none"), key="chosen-none", type="tertiary", on_click=paging.clear)


def _tile(picture: PictureView) -> Tile:
    name = Path(picture.path).name
    source = library_thumbnail(picture.image_id, picture.sha256)
    return Tile(str(picture.image_id), source, name, name)


def _open(tile: str) -> None:
    st.session_state[_OPEN] = int(tile)


def _dialogs() -> None:
    """At most one at a time."""
    sending: Sequence[str] | None = st.session_state.pop(SEND, None)
    opened: int | None = st.session_state.pop(_OPEN, None)
    if sending:
        ask_about(len(sending), lambda: [_kept(tile) for tile in sending])
    elif opened is not None:
        show_picture_detail(opened)


def _kept(tile: str) -> str:
    return engine().keep_picture(int(tile)).sha256
