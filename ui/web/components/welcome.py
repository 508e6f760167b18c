"""An empty conversation: what can be asked, and the sample pictures to begin with."""

from collections.abc import Callable

import streamlit as st

from api.library_schemas import GalleryPicture, GalleryView
from ui.untrusted import as_label
from ui.web.engine import about, engine, sample
from ui.web.words import words

PICTURES = 8
SIZE = 512


@st.cache_data(show_spinner=False, ttl=300)
def gallery() -> GalleryView:
    return engine().gallery()


def show_welcome(
    question: Callable[[], None], ask: Callable[[str], None], similar: Callable[[str], None]
) -> None:
    """`question` draws the input, `ask` gets a suggestion, `similar` the file of a sample."""
    text = words()
    st.title(text("welcome.title"), anchor=False)
    st.markdown(_lead())
    with st.container():  # inside a container the input is not pinned, and the page not scrolled
        question()
    _suggestions(gallery().suggestions, ask)
    if about().starter:
        st.caption(f":material/info: {text('welcome.starter')}")
    pictures = gallery().pictures[:PICTURES]
    if pictures:
        st.caption(text("welcome.gallery"))
        _pictures(pictures, similar)


def _lead() -> str:
    text, server = words(), about().language_server
    if server is not None and server.leaves:
        return text("welcome.lead_away", skills=_skills(), host=as_label(server.host))
    return text("welcome.lead", skills=_skills())


def _skills() -> str:
    """What the tools that are offered can do, in the order of the strings."""
    text, offered = words(), {tool.name for tool in about().tools}
    known = [name for name in text.keys("skill") if name in offered]
    return text("welcome.joint").join(text(f"skill.{name}") for name in known)


def _suggestions(suggestions: tuple[str, ...], ask: Callable[[str], None]) -> None:
    with st.container(horizontal=True, gap="xsmall", key="suggestions"):
        for index, suggestion in enumerate(suggestions):
            label = as_label(suggestion)
            st.button(label, key=f"suggestion-{index}", on_click=ask, args=(suggestion,))


def _pictures(pictures: tuple[GalleryPicture, ...], similar: Callable[[str], None]) -> None:
    with st.container(key="grid-samples"):
        for picture in pictures:
            with st.container(gap=None):
                _picture(picture, similar)


def _picture(picture: GalleryPicture, similar: Callable[[str], None]) -> None:
    st.image(sample(picture.file, SIZE), width="stretch", alt=picture.caption)
    st.button(
        words()("welcome.similar"),
        key=f"similar-{picture.file}",
        type="tertiary",
        icon=":material/image_search:",
        on_click=similar,
        args=(picture.file,),
    )
