"""One model on one line: what for, which, how large, under what licence, and what can be done."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from api.model_schemas import ModelView
from ui.measures import size
from ui.untrusted import as_label
from ui.web.words import told, words

_UNSTATED = "unstated"  # as the catalogue says it (models/catalog.py)
_COLOURS = {"here": "green", "partial": "orange", "missing": "gray", "broken": "red"}


@dataclass(frozen=True)
class Act:
    """What the buttons do: `pull` gets names, `remove` the model."""

    pull: Callable[..., None]
    remove: Callable[[ModelView], None]


def show_model(model: ModelView, role: str, key: str, act: Act) -> None:
    """`key` is unique on the page."""
    with st.container(
        horizontal=True, vertical_alignment="center", wrap=False, key=f"model-{key}", gap="small"
    ):
        st.markdown(_lines(model, role), width="stretch", help=_help(model))
        _buttons(model, key, act)


def _lines(model: ModelView, role: str) -> str:
    text = words()
    state = f":{_COLOURS[model.state]}[{text(f'models.{model.state}')}]"
    facts = [state, _size(model), as_label(_licence(model), 24)]
    if model.licence_limits:
        facts.append(f":orange[{text('models.limited')}]")
    if model.origin in {"bundled", "own", "folder"}:
        facts.append(text(f"models.{model.origin}"))
    shown = " · ".join(fact for fact in facts if fact)
    return f"**{role}**  {as_label(model.name, 60)}  \n:small[:gray[{shown}]]"


def _licence(model: ModelView) -> str:
    return words()("models.unstated") if model.licence == _UNSTATED else model.licence


def _size(model: ModelView) -> str:
    if model.state == "partial" and model.known_bytes:
        return f"{size(model.bytes)} / {size(model.known_bytes)}"
    count = model.bytes or model.known_bytes
    return size(count) if count else ""


def _help(model: ModelView) -> str:
    """What there is to know beyond one line."""
    text = words()
    note = model.note
    lines = [
        "" if note is None else told(note),
        text("models.licence", licence=_licence(model)),
        text("models.limits", limits=model.licence_limits) if model.licence_limits else "",
        model.source,
        "" if model.bytes or model.known_bytes else text("models.unsized"),
    ]
    return "  \n".join(as_label(line, 300) for line in lines if line)


def _buttons(model: ModelView, key: str, act: Act) -> None:
    text = words()
    if model.state != "here" and model.origin == "pulled":
        label = "models.repair" if model.state == "broken" else "models.pull"
        st.button(
            text(label),
            key=f"pull-{key}",
            icon=":material/download:",
            on_click=act.pull,
            args=(model.name,),
        )
    if model.origin == "folder" or (model.origin == "pulled" and model.bytes):
        label = "models.forget" if model.origin == "folder" else "models.remove"
        pressed = st.button(
            text(label), key=f"remove-{key}", type="tertiary", icon=":material/delete:"
        )
        if pressed:
            act.remove(model)
