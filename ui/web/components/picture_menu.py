"""What can be done with a picture that has a handle: one small menu below it."""

import streamlit as st

from api.schemas import ArtifactInfo, ArtifactView
from models.errors import DuomoError
from ui.untrusted import as_label, one_line
from ui.web.asking import ask, begin
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
    text = words()
    for name, value in _rows(info).items():
        st.caption(text(f"fact.{name}"))
        st.code(one_line(value, _LONGEST), language=None, wrap_lines=True)


def _rows(info: ArtifactInfo) -> dict[str, str]:
    lineage = info.lineage
    asked = lineage.arguments.get("prompt") or lineage.arguments.get("instruction") or ""
    rows = {
        "name": info.name,
        "size": f"{info.width} × {info.height}" if info.width else "",
        "tool": lineage.tool or "",
        "asked": str(asked),
        "prompt": (lineage.prompt or "") if lineage.prompt != asked else "",
        "seed": "" if lineage.seed is None else str(lineage.seed),
        "checkpoint": lineage.checkpoint or "",
        "sha256": info.sha256,
    }
    return {name: value for name, value in rows.items() if value}
