"""One creation with everything that it was made from, and several side by side."""

import json
from collections.abc import Sequence
from typing import Any

import streamlit as st

from api.artifact_schemas import ArtifactInfo
from api.client import Step, Turn
from api.picture_schemas import CreationDetail
from models.errors import DuomoError
from ui.untrusted import as_label
from ui.web.components.artifacts import LARGE, SMALL
from ui.web.components.facts import lineage_facts, show_facts
from ui.web.current import open_conversation
from ui.web.engine import artifact, engine, thumbnail
from ui.web.words import told, words

ACT = "creation-act"
"""Session key: (what, ids) to be done once the detail is closed; one dialog at a time."""


@st.dialog(words()("creation.title"), width="large")
def show_creation(sha256: str) -> None:
    try:
        detail = engine().creation(sha256)
    except DuomoError as error:
        st.error(as_label(told(error), 300), icon=":material/error:")
        return
    beside, facts = st.columns([3, 2], gap="medium")
    with beside:
        show_media(detail.creation, LARGE)
    with facts:
        _actions(detail)
        show_facts([*made_facts(detail.creation), *_family(detail)])
        _again(detail)
        _conversations(detail)


@st.dialog(words()("creation.compare_title"), width="large")
def compare(sha256s: Sequence[str]) -> None:
    """Side by side; on a phone one under the other."""
    for column, sha256 in zip(st.columns(len(sha256s)), sha256s, strict=True):
        with column:
            try:
                made = engine().creation(sha256).creation
            except DuomoError as error:
                st.error(as_label(told(error), 300))
                continue
            show_media(made, LARGE)
            show_facts(made_facts(made))


def show_media(made: ArtifactInfo, size: int = SMALL) -> None:
    if made.kind == "image":
        st.image(thumbnail(made.sha256, size), alt=made.name)
    else:
        st.audio(artifact(made.sha256), format=made.mime)


def made_facts(made: ArtifactInfo) -> list[tuple[str, str]]:
    text = words()
    tool = f"skill.{made.lineage.tool}"
    pixels = f"{made.width} × {made.height}" if made.width else ""
    length = text("seconds", value=f"{made.seconds:.1f}") if made.seconds else ""
    return [
        (text("creation.tool"), text.of(tool, made.lineage.tool or "")),
        *lineage_facts(made),
        (text("creation.pixels"), pixels or length),
        (text("picture.label"), text("artifact.generated") if made.label else ""),
    ]


def _family(detail: CreationDetail) -> list[tuple[str, str]]:
    text, joint = words(), words()("welcome.joint")
    gone = len(detail.creation.lineage.parents) - len(detail.parents)
    parents = [*(parent.name for parent in detail.parents)]
    parents += [text("creation.gone", count=gone)] if gone else []
    return [
        (text("creation.parents"), joint.join(parents)),
        (text("creation.children"), joint.join(child.name for child in detail.children)),
    ]


def _actions(detail: CreationDetail) -> None:
    text, made = words(), detail.creation
    with st.container(horizontal=True):
        st.download_button(
            text("artifact.download"),
            lambda: artifact(made.sha256),
            file_name=made.name,
            mime=made.mime,
            icon=":material/download:",
            key="creation-download",
            on_click="ignore",
        )
        for what, icon in (("send", "send"), ("delete", "delete")):
            label = text("send.title" if what == "send" else "creation.delete")
            if st.button(label, icon=f":material/{icon}:", key=f"creation-{what}"):
                st.session_state[ACT] = (what, [made.sha256])
                st.rerun()


def _again(detail: CreationDetail) -> None:
    """照样再做: the very arguments and the seed that was drawn, carried out or copied."""
    text, lineage = words(), detail.creation.lineage
    seed = {} if lineage.seed is None else {"seed": lineage.seed}
    arguments = {name: value for name, value in lineage.arguments.items() if value is not None}
    again = {**arguments, **seed}
    if detail.conversations and st.button(
        text("creation.redo"), key="creation-redo", icon=":material/replay:"
    ):
        _redo(detail, again)
    with st.expander(text("creation.again"), key="again", type="compact"):
        st.caption(text("creation.again_note"))
        whole = {"tool": lineage.tool, "arguments": again}
        st.code(json.dumps(whole, ensure_ascii=False, indent=1), language="json", wrap_lines=True)


def _redo(detail: CreationDetail, arguments: dict[str, Any]) -> None:
    """In the conversation that it was made in, without the language model."""
    conversation_id = detail.conversations[0].id
    try:
        turns = engine().transcript(conversation_id).turns
        engine().rerun_step(conversation_id, _step_of(detail.creation.sha256, turns), arguments)
    except DuomoError as error:
        st.error(as_label(told(error), 300), icon=":material/error:")
        return
    open_conversation(conversation_id)
    st.rerun()


def _step_of(sha256: str, turns: Sequence[Turn]) -> str:
    """The call that made it; "" when the conversation shows none."""
    steps = [step for turn in turns for step in turn.blocks if isinstance(step, Step)]
    made = (s.call_id for s in steps if any(view.sha256 == sha256 for view in s.artifacts))
    return next(made, "")


def _conversations(detail: CreationDetail) -> None:
    text = words()
    if not detail.conversations:
        return
    st.caption(text("creation.conversations"))
    for conversation in detail.conversations[:5]:
        title = conversation.title or text("sidebar.untitled")
        if st.button(
            as_label(title, 40),
            key=f"creation-in-{conversation.id}",
            type="tertiary",
            icon=":material/chat:",
        ):
            open_conversation(conversation.id)
            st.rerun()
