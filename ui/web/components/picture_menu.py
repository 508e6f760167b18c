"""What can be done with a picture that has a handle: one small menu below it."""

import streamlit as st

from api.artifact_schemas import ArtifactView
from models.errors import DuomoError
from ui.untrusted import as_label, one_line
from ui.web.asking import ask, begin
from ui.web.components.facts import lineage_facts, show_facts
from ui.web.engine import about, engine
from ui.web.words import told, words

_NEEDS = {"similar": "find_similar_images", "look": "ask_image", "read": "read_text"}
_NEEDS |= {"change": "edit_image"}
_BEGINS = frozenset({"look", "change"})  # the person goes on writing; the others are whole requests
_LONGEST = 2_000


def show_menu(view: ArtifactView, key: str) -> None:
    """`key` is unique on the page."""
    offered = {tool.name for tool in about().tools}
    options = [choice for choice, tool in _NEEDS.items() if tool in offered]
    chosen = st.menu_button(
        words()("artifact.more"),
        [*options, "facts"],
        key=f"menu-{key}",
        type="tertiary",
        icon=":material/more_horiz:",
        format_func=lambda choice: words()(f"artifact.{choice}"),
        on_click=_chosen,
        args=(view.handle, f"menu-{key}"),
    )
    if chosen == "facts":
        _facts(view)


def _chosen(handle: str, key: str) -> None:
    choice = st.session_state.get(key)
    if choice not in _NEEDS:
        return
    said = words()(f"artifact.{choice}_question", handle=handle)
    begin(said) if choice in _BEGINS else ask(said)


@st.dialog(words()("artifact.facts"))
def _facts(view: ArtifactView) -> None:
    """Where it comes from, with what can be copied as code."""
    try:
        info = engine().artifact_info(view.sha256)
    except DuomoError as error:
        st.caption(as_label(told(error), 300))
        return
    text, lineage = words(), info.lineage
    show_facts(
        [
            (text("picture.title"), info.name),
            (text("picture.size"), f"{info.width} × {info.height}"),
            *lineage_facts(info),
        ]
    )
    prompt = lineage.prompt or lineage.arguments.get("prompt")
    if prompt:
        st.caption(text("artifact.copy"))
        st.code(one_line(str(prompt), _LONGEST), language=None, wrap_lines=True)
