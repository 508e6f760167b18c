"""What is looked for in the library: words, a picture, limits, and the order."""

from datetime import date
from typing import Any

import streamlit as st

from models.errors import DuomoError
from ui.untrusted import as_label, one_line
from ui.web.engine import engine, thumbnail
from ui.web.thumbnails import SIDE
from ui.web.words import told, words

ORDERS = ("relevance", "newest", "oldest", "name", "largest", "smallest")
SIDES = (500, 1000, 2000)
SHAPES = ("landscape", "portrait", "square")
COLOURS = (
    *("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink", "brown"),
    *("black", "grey", "white"),
)
PICTURES = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "heic", "heif", "avif"]
_IMAGE, _LIKE, _NAME, _ROUND = "like-image", "like-artifact", "like-name", "like-round"
_FILTERS = ("in-folder", "dated", "least-side", "shape", "colour", "has-text")


def like_picture(image_id: int, name: str) -> None:
    """Look for pictures like one of the library."""
    forget_picture()
    st.session_state[_IMAGE] = image_id
    st.session_state[_NAME] = name


def forget_picture() -> None:
    for key in (_IMAGE, _LIKE, _NAME):
        st.session_state.pop(key, None)
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1  # an empty uploader


def clear_search() -> None:
    forget_picture()
    for key in ("q", *_FILTERS):
        st.session_state.pop(key, None)


def show_search() -> dict[str, Any]:
    """Draws the controls; the fields of `api.picture_schemas.PictureQuery` that are given."""
    text = words()
    with st.container(horizontal=True, vertical_alignment="bottom", key="search"):
        typed = st.text_input(
            text("search.words"),
            key="q",
            placeholder=text("search.example"),
            max_chars=500,
            icon=":material/search:",
            width="stretch",
        )
        with st.popover(text("search.picture"), icon=":material/image_search:", width="content"):
            _upload()
        count = _filter_count()
        label = text("search.filters_on", count=count) if count else text("search.filters")
        with st.popover(label, icon=":material/filter_alt:", width="content"):
            filters = _filters()
        order = st.selectbox(
            text("search.order"),
            ORDERS,
            format_func=lambda name: text(f"order.{name}"),
            key="order",
            label_visibility="collapsed",
            width=150,
        )
    query = {"q": typed.strip() or None, "order": order, **filters, **_likeness(bool(typed))}
    return {name: value for name, value in query.items() if value is not None}


def _upload() -> None:
    text = words()
    file = st.file_uploader(
        text("search.upload"), PICTURES, key=f"upload-{st.session_state.get(_ROUND, 0)}"
    )
    if file is None or st.session_state.get(_NAME) == (name := one_line(file.name, 200)):
        return
    try:
        kept = engine().upload(file, name)
    except DuomoError as error:
        st.error(as_label(told(error), 300), icon=":material/error:")
        return
    st.session_state.pop(_IMAGE, None)
    st.session_state[_LIKE] = kept.sha256
    st.session_state[_NAME] = name
    st.rerun()


def _likeness(with_words: bool) -> dict[str, Any]:
    """The picture that others shall be like, shown with a way to let it go."""
    text = words()
    image: int | None = st.session_state.get(_IMAGE)
    like: str | None = st.session_state.get(_LIKE)
    if image is None and like is None:
        return {}
    with st.container(horizontal=True, vertical_alignment="center", key="likeness"):
        with st.container(key="small-likeness", width=64):
            data = thumbnail(like, SIDE) if like else engine().library_thumbnail(image or 0, SIDE)
            st.image(data, width=64, alt=one_line(st.session_state[_NAME]))
        st.markdown(text("search.like", name=as_label(st.session_state[_NAME], 40)))
        weight = None
        if with_words:
            weight = st.slider(text("search.weight"), 0.0, 1.0, 0.5, 0.1, key="weight", width=220)
        st.button(
            text("search.forget"),
            key="forget-likeness",
            type="tertiary",
            icon=":material/close:",
            on_click=forget_picture,
        )
    return {"image": image, "like": like, "weight": weight}


def _filters() -> dict[str, Any]:
    text = words()
    folder = st.selectbox(
        text("filter.folder"),
        engine().folders().inner,
        index=None,
        key="in-folder",
        placeholder=text("filter.any"),
        format_func=lambda path: one_line(path, 80),
    )
    days = st.date_input(
        text("filter.dated"),
        value=[],
        key="dated",
        max_value=date.today(),  # noqa: DTZ011 - the person's own day
        format="YYYY-MM-DD",
    )
    colour = st.pills(
        text("filter.colour"), COLOURS, format_func=lambda c: text(f"colour.{c}"), key="colour"
    )
    shape = st.segmented_control(
        text("filter.shape"), SHAPES, format_func=lambda s: text(f"shape.{s}"), key="shape"
    )
    side = st.segmented_control(
        text("filter.side"), SIDES, format_func=lambda px: f"≥ {px}", key="least-side"
    )
    has_text = st.toggle(text("filter.has_text"), key="has-text", help=text("filter.has_text_help"))
    st.button(text("filter.clear"), key="clear-filters", type="tertiary", on_click=_clear_filters)
    after, before = (*_days(days), None, None)[:2]
    return {
        "folder": folder,
        "after": after,
        "before": before,
        "colour": colour,
        "orientation": shape,
        "min_side": side,
        "has_text": has_text or None,
    }


def _days(days: Any) -> tuple[str, ...]:
    given = days if isinstance(days, tuple) else (days,)
    return tuple(day.isoformat() for day in given if isinstance(day, date))


def _filter_count() -> int:
    return sum(bool(st.session_state.get(key)) for key in _FILTERS)


def _clear_filters() -> None:
    for key in _FILTERS:
        st.session_state.pop(key, None)
