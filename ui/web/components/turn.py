"""One question and all that came of it, in the order it happened."""

from collections.abc import Callable, Mapping

import streamlit as st

from api.artifact_schemas import ArtifactView
from api.client import Said, Step, Thinking, Transcript, Turn
from api.turn_schemas import FeedbackView
from ui.untrusted import as_label, as_markdown, plain
from ui.web.components.artifacts import show_artifacts
from ui.web.components.decide import said_of, show_offer, show_question, show_redo
from ui.web.components.step import show_step
from ui.web.components.turn_actions import show_actions
from ui.web.fresh import is_fresh
from ui.web.words import words

USER_AVATAR = ":material/person:"
ASSISTANT_AVATAR = ":material/auto_awesome:"


def show_turn(
    turn: Turn,
    stop: Callable[[str], None],
    transcript: Transcript,
    given: Mapping[str, FeedbackView] | None = None,
) -> None:
    """The question and what came of it (`show_answer`)."""
    show_asked(turn)
    show_answer(turn, stop, transcript, given)


def show_asked(turn: Turn) -> None:
    with st.chat_message(words()("chat.you"), avatar=USER_AVATAR):
        if turn.attachments:
            show_artifacts(turn.attachments, f"asked-{turn.run_id}")
        if turn.rerun_of:
            st.text(said_of(turn))
        elif turn.text:
            st.text(plain(turn.text))


def show_answer(
    turn: Turn,
    stop: Callable[[str], None],
    transcript: Transcript,
    given: Mapping[str, FeedbackView] | None = None,
) -> None:
    """`stop` is called with the run's id when a person presses the button. `given`: feedback by
    run id; without it nothing can be done with the turn yet."""
    known = transcript.artifacts
    # By this name a browser knows what has only just been spoken.
    name = f"turn-{'fresh-' if is_fresh(turn.run_id) else ''}{turn.run_id}"
    with (
        st.container(key=name),
        st.chat_message(words()("app.title"), avatar=ASSISTANT_AVATAR),
    ):
        for block in turn.blocks:
            _said(block) if isinstance(block, Said) else _step(turn, block, known)
        _ending(turn, stop)
        if turn.ended and given is not None:
            is_last = turn.run_id == transcript.turns[-1].run_id
            show_actions(turn, given.get(turn.run_id), is_last=is_last)
        show_offer(turn, transcript)


def _step(turn: Turn, step: Step, known: Mapping[str, ArtifactView]) -> None:
    show_step(step, known, turn.answer)
    if step.state == "waiting":
        show_question(turn.run_id, step)
    elif turn.ended:
        show_redo(step)


def _said(said: Said) -> None:
    if not said.text.strip():
        return
    if said.reasoning:
        icon = ":material/psychology:" if said.complete else "spinner"
        key = f"reasoning-{said.message_id}"
        with st.expander(words()("chat.reasoning"), key=key, icon=icon, type="compact"):
            st.text(plain(said.text))
    else:
        st.markdown(as_markdown(said.text))


def _ending(turn: Turn, stop: Callable[[str], None]) -> None:
    """What goes on now with the way to stop it; or why it ended, where that needs a word."""
    text = words()
    if not turn.ended:
        _now(turn, stop)
    elif turn.state == "cancelled":
        st.caption(f":material/stop_circle: {text('chat.cancelled')}")
    elif turn.state == "failed":
        error = turn.error
        message = text("mishap.unknown") if error is None else error.zh
        if error is not None and text.locale == "en":
            message = error.en
        st.error(as_label(message, 500), icon=":material/error:")
    elif not turn.blocks:
        st.caption(text("chat.silent"))


def _now(turn: Turn, stop: Callable[[str], None]) -> None:
    text = words()
    with st.container(horizontal=True, vertical_alignment="center", key=f"now-{turn.run_id}"):
        st.button(
            text("chat.stop"),
            key=f"stop-{turn.run_id}",
            icon=":material/stop_circle:",
            shortcut="Esc",
            disabled=turn.thinking is not None and turn.thinking.state == "stopping",
            on_click=stop,
            args=(turn.run_id,),
        )
        waits = turn.state == "waiting"
        shown = text("chat.waiting") if waits else thinking_of(turn.thinking)
        st.caption(shown, width="content")


def thinking_of(thinking: Thinking | None) -> str:
    text = words()
    if thinking is None:
        return text("chat.working")
    if thinking.state == "queued" and thinking.position:
        return text("chat.position", position=thinking.position)
    return text(f"chat.{thinking.state}")
