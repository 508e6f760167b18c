"""Steps in a person's hands: asked about before they run, and carried out again with other
arguments."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from api.client import Step, Transcript, Turn
from models.errors import AlreadyAnswered, DuomoError
from ui.web.components.arguments import read_fields, show_fields
from ui.web.components.step import arguments_of, title_of, tool_of
from ui.web.current import current
from ui.web.engine import engine
from ui.web.redraw import ask_for_redraw
from ui.web.telling import tell
from ui.web.words import words


def show_question(run_id: str, step: Step) -> None:
    """Approve, change or skip a step that waits."""
    text = words()
    key = f"approve-{step.call_id}"
    with st.container(border=True, key=f"ask-{step.call_id}"):
        st.markdown(text("approve.question", tool=f"**{title_of(step)}**"))
        if _is_open(key):
            _form(key, step, "approve.do", lambda given: _answer(run_id, step, "change", given))
            return
        st.markdown(arguments_of(step))
        with st.container(horizontal=True):
            st.button(
                text("approve.approve"),
                key=f"yes-{step.call_id}",
                type="primary",
                icon=":material/check:",
                on_click=_choose,
                args=(run_id, step, "approve"),
            )
            if tool_of(step) is not None:
                st.button(
                    text("approve.change"),
                    key=f"change-{step.call_id}",
                    icon=":material/tune:",
                    on_click=_open,
                    args=(key,),
                )
            st.button(
                text("approve.skip"),
                key=f"skip-{step.call_id}",
                icon=":material/skip_next:",
                on_click=_choose,
                args=(run_id, step, "skip"),
            )


def show_redo(step: Step) -> None:
    """A quiet button under a step that has ended; the form once it was pressed."""
    key = f"redo-{step.call_id}"
    if tool_of(step) is None:
        return
    if not _is_open(key):
        st.button(
            words()("redo.open"),
            key=f"revise-{step.call_id}",
            type="tertiary",
            icon=":material/tune:",
            on_click=_open,
            args=(key,),
        )
        return
    with st.container(border=True, key=f"form-{step.call_id}"):
        _form(key, step, "redo.do", lambda given: _rerun(step, given))


def show_offer(turn: Turn, transcript: Transcript) -> None:
    """The steps that used the old results, until they were carried out again."""
    text, steps = words(), transcript.steps
    if not turn.offered or any(later.follows == turn.run_id for later in transcript.turns):
        return
    offered = [steps[call_id] for call_id in turn.offered if call_id in steps]
    titles = text("welcome.joint").join(title_of(step) for step in offered)
    with st.container(horizontal=True, vertical_alignment="center", key=f"offer-{turn.run_id}"):
        st.markdown(text("redo.offer", count=len(offered), tools=titles), width="content")
        st.button(
            text("redo.follow"),
            key=f"follow-{turn.run_id}",
            icon=":material/redo:",
            on_click=_follow,
            args=(turn.run_id,),
        )


def said_of(turn: Turn) -> str:
    """What stands in place of a person's words over a rerun."""
    titles = words()("welcome.joint").join(dict.fromkeys(title_of(step) for step in turn.steps))
    return words()("redo.followed" if turn.follows else "redo.again", tools=titles)


def _form(key: str, step: Step, label: str, submit: Callable[[dict[str, Any]], bool]) -> None:
    tool = tool_of(step)
    schema: Mapping[str, Any] = tool.parameters if tool is not None else {}
    with st.form(key, border=False):
        show_fields(schema, step.arguments or {}, key)
        with st.container(horizontal=True):
            st.form_submit_button(
                words()(label),
                key=f"do-{key}",
                type="primary",
                on_click=_submitted,
                args=(key, schema, submit),
            )
            st.form_submit_button(
                words()("cancel"), key=f"close-{key}", on_click=_close, args=(key,)
            )


def _submitted(
    key: str, schema: Mapping[str, Any], submit: Callable[[dict[str, Any]], bool]
) -> None:
    if submit(read_fields(schema, key)):
        _close(key)


def _is_open(key: str) -> bool:
    return f"open-{key}" in st.session_state


def _open(key: str) -> None:
    st.session_state[f"open-{key}"] = True
    ask_for_redraw()


def _close(key: str) -> None:
    st.session_state.pop(f"open-{key}", None)


def _choose(run_id: str, step: Step, choice: str) -> None:
    _answer(run_id, step, choice)


def _answer(
    run_id: str, step: Step, choice: str, arguments: Mapping[str, Any] | None = None
) -> bool:
    """Whether the question is over; another tab may have been first."""
    try:
        engine().answer_step(run_id, step.call_id, choice, arguments)
    except AlreadyAnswered as error:
        tell(error)
    except DuomoError as error:
        tell(error)
        return False
    return True


def _rerun(step: Step, arguments: Mapping[str, Any]) -> bool:
    try:
        engine().rerun_step(current() or "", step.call_id, arguments)
    except DuomoError as error:
        tell(error)
        return False
    return True


def _follow(run_id: str) -> None:
    try:
        engine().rerun_dependants(run_id)
    except DuomoError as error:
        tell(error)
