"""Pictures in a grid, sounds with a player, each under its handle."""

import re
from collections.abc import Sequence
from functools import partial
from io import BytesIO

import streamlit as st
from PIL import Image

from api.artifact_schemas import ArtifactView
from models.errors import NotFound
from ui.untrusted import as_label
from ui.web.components.picture_menu import show_menu
from ui.web.engine import artifact, thumbnail
from ui.web.words import words

LARGE, SMALL = 1024, 512
"""Pixels of the longer side: a picture alone, a picture among others."""
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]")  # what Streamlit replaces in a key to name a class


def show_artifacts(artifacts: Sequence[ArtifactView], key: str) -> None:
    """`key` is unique on the page."""
    pictures = [view for view in artifacts if view.kind == "image"]
    if pictures:
        alone = len(pictures) == 1
        with st.container(key=f"{'alone' if alone else 'grid'}-{key}"):
            for number, view in enumerate(pictures):
                show_picture(view, f"{key}-{number}", LARGE if alone else SMALL)
    for view in artifacts:
        if view.kind == "audio":
            _sound(view)


def show_picture(view: ArtifactView, key: str, size: int) -> None:
    """One picture over its caption, which offers what a model made for download.

    `key` is unique on the page; `show_preview` with the same one is taken over in place.
    """
    try:
        data = thumbnail(view.sha256, size)
    except NotFound:
        st.caption(words()("artifact.gone", handle=view.handle or ""))
        return
    with st.container(key=f"picture-{key}", gap=None):
        _image(data, key, caption_of(view), view.handle or view.kind)
        with st.container(horizontal=True, gap="xsmall", key=f"tools-{key}"):
            if view.label:
                _download(view, key)
            if view.handle:
                show_menu(view, key)


def show_preview(sha256: str, key: str, size: int) -> None:
    """A picture that is still being made, of the size and in the place that it will have."""
    try:
        data = thumbnail(sha256, size)
    except NotFound:
        return  # the next one comes soon
    text = words()("step.preview")
    with st.container(key=f"picture-{key}", gap=None):
        _image(data, key, text, text)


def _image(data: bytes, key: str, caption: str, alt: str) -> None:
    """A picture whose room is kept before it has come, so that nothing below it jumps."""
    width, height = Image.open(BytesIO(data)).size
    place = f".st-key-picture-{_NO_NAME.sub('-', key)}"
    st.html(f"<style>{place} img {{ aspect-ratio: {width} / {height}; }}</style>")
    st.image(data, caption=caption, width="stretch", alt=alt)


def _download(view: ArtifactView, key: str) -> None:
    st.download_button(
        words()("artifact.download"),
        partial(artifact, view.sha256),  # fetched when it is pressed
        file_name=view.name,
        mime=view.mime,
        key=f"download-{key}",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
    )


def _sound(view: ArtifactView) -> None:
    try:
        data = artifact(view.sha256)
    except NotFound:
        st.caption(words()("artifact.gone", handle=view.handle or ""))
        return
    st.audio(data, format=view.mime)
    st.caption(caption_of(view))


def caption_of(view: ArtifactView) -> str:
    """The handle, by which it can be spoken of, and the mark of what a model made."""
    handle = as_label(view.handle or "")
    return f"{handle} · {words()('artifact.generated')}" if view.label else handle
