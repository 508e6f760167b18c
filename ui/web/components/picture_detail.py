"""One picture of the library, large, with all that is known of it and what can be done with it."""

from pathlib import Path

import streamlit as st

from api.picture_schemas import PictureDetail, PictureView
from models.errors import DuomoError
from ui.measures import size
from ui.untrusted import as_label, one_line, plain
from ui.web.components.facts import lineage_facts, show_facts
from ui.web.components.picture_search import like_picture
from ui.web.engine import engine
from ui.web.words import told, words

LARGE = 1024
SEND = "send-pictures"
"""Session key: ids to be sent once the detail is closed; one dialog at a time."""


@st.dialog(words()("picture.title"), width="large")
def show_picture_detail(image_id: int) -> None:
    try:
        detail = engine().picture(image_id)
        data = engine().library_thumbnail(image_id, LARGE)
    except DuomoError as error:
        st.error(as_label(told(error), 300), icon=":material/error:")
        return
    name = Path(detail.picture.path).name
    beside, facts = st.columns([3, 2], gap="medium")
    beside.image(data, alt=one_line(name))
    with facts:
        st.markdown(f"**{as_label(name)}**")
        _actions(detail, name)
        show_facts(_facts(detail))
        _text(detail)
        _alike(detail)
        _lineage(detail)


def _actions(detail: PictureDetail, name: str) -> None:
    text, image_id = words(), detail.picture.image_id
    with st.container(horizontal=True):
        if st.button(text("picture.similar"), icon=":material/image_search:", key="detail-similar"):
            like_picture(image_id, name)
            st.rerun()
        if st.button(text("send.title"), icon=":material/send:", key="detail-send"):
            st.session_state[SEND] = [str(image_id)]
            st.rerun()
        st.download_button(
            text("grid.zip"),
            lambda: engine().bundle_pictures([image_id]),
            file_name="duomo-pictures.zip",
            mime="application/zip",
            icon=":material/download:",
            key="detail-zip",
            on_click="ignore",
        )


def _facts(detail: PictureDetail) -> list[tuple[str, str]]:
    text, picture, exif = words(), detail.picture, detail.exif
    camera = " ".join(exif[name] for name in ("make", "model") if name in exif)
    colours = [text(f"colour.{name}") for name in detail.colours or ()]
    return [
        (text("picture.folder"), str(Path(picture.path).parent)),
        (text("picture.size"), f"{picture.width} × {picture.height} · {size(picture.size_bytes)}"),
        (text("picture.format"), detail.format),
        (text("picture.dated"), picture.dated.replace("T", " ")),
        (text("picture.camera"), camera),
        (text("picture.lens"), exif.get("lens", "")),
        (text("picture.shot"), _shot(exif)),
        (text("picture.software"), exif.get("software", "")),
        (text("picture.colours"), text("welcome.joint").join(colours)),
        (text("picture.place"), text("picture.located") if detail.located else ""),
        (text("picture.label"), text("picture.labelled") if detail.label else ""),
    ]


def _shot(exif: dict[str, str]) -> str:
    """`1/250 s · f/2.8 · ISO 100 · 35 mm`."""
    forms = {"exposure": "{} s", "aperture": "f/{}", "iso": "ISO {}", "focal_length": "{} mm"}
    return " · ".join(form.format(exif[name]) for name, form in forms.items() if name in exif)


def _text(detail: PictureDetail) -> None:
    text = words()
    st.caption(text("picture.text"))
    if detail.text:
        st.text(plain(detail.text))
    elif detail.text is not None:
        st.markdown(text("picture.no_text"))
    elif st.button(text("picture.read"), icon=":material/text_fields:", key="detail-read"):
        _read(detail.picture.image_id)


def _read(image_id: int) -> None:
    with st.spinner(words()("picture.reading")):
        try:
            engine().read_picture(image_id)
        except DuomoError as error:
            st.error(as_label(told(error), 300), icon=":material/error:")
            return
    st.rerun(scope="fragment")


def _alike(detail: PictureDetail) -> None:
    text = words()
    if detail.copies:
        st.caption(text("picture.copies", count=len(detail.copies)))
        for copy in detail.copies[:10]:
            st.markdown(as_label(copy.path, 200))
    if detail.near:
        st.caption(text("picture.near", count=len(detail.near)))
        with st.container(key="grid-near"):
            for near in detail.near:
                _near(near)


def _near(near: PictureView) -> None:
    with st.container(gap=None):
        name = Path(near.path).name
        try:
            st.image(engine().library_thumbnail(near.image_id, 256), alt=one_line(name))
        except DuomoError:
            st.caption(words()("grid.gone"))
        st.caption(f"{as_label(name, 24)} · {near.score or 0:.3f}")


def _lineage(detail: PictureDetail) -> None:
    text = words()
    made = detail.artifact
    if made is not None and made.lineage.source == "tool":
        st.caption(text("picture.lineage"))
        show_facts(lineage_facts(made))
    if detail.children:
        st.caption(text("picture.children", count=len(detail.children)))
        for child in detail.children:
            st.markdown(as_label(child.name, 60))
