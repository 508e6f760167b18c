"""Pictures in a grid, sounds with a player, each under its handle."""

from collections.abc import Sequence

import streamlit as st

from api.schemas import ArtifactView
from models.errors import NotFound
from ui.untrusted import as_label
from ui.web.engine import artifact, thumbnail
from ui.web.words import words

LARGE, SMALL = 1024, 512
"""Pixels of the longer side: a picture alone, a picture among others."""


def show_artifacts(artifacts: Sequence[ArtifactView], key: str) -> None:
    """`key` is unique on the page."""
    pictures = [view for view in artifacts if view.kind == "image"]
    if pictures:
        alone = len(pictures) == 1
        with st.container(key=f"{'alone' if alone else 'grid'}-{key}"):
            for view in pictures:
                _picture(view, LARGE if alone else SMALL)
    for view in artifacts:
        if view.kind == "audio":
            _sound(view)


def _picture(view: ArtifactView, size: int) -> None:
    try:
        data = thumbnail(view.sha256, size)
    except NotFound:
        st.caption(words()("artifact.gone", handle=view.handle or ""))
        return
    st.image(data, caption=caption_of(view), width="stretch", alt=view.handle or view.kind)


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
