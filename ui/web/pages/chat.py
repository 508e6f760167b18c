"""对话: ask, watch the steps, go on. What is shown is the engine's; a reload loses nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from api.artifact_schemas import ArtifactInfo
from api.client import Transcript, Turn
from api.turn_schemas import FeedbackView
from models.errors import DuomoError, EngineUnavailable, NotFound
from ui.untrusted import as_label, one_line
from ui.web.asking import QUESTION, ask, begin, forget_begun, take_begun
from ui.web.components.focus import show_focus
from ui.web.components.origin import show_origin
from ui.web.components.sending import ask_about
from ui.web.components.sounds import SPEAKS, show_sounds
from ui.web.components.turn import show_answer, show_asked, show_turn
from ui.web.components.welcome import show_welcome
from ui.web.current import begin_new, current
from ui.web.engine import about, engine, sample
from ui.web.feed import Feed, feeds
from ui.web.fresh import note_fresh
from ui.web.redraw import note_drawing, redraw_if_asked
from ui.web.words import told, words

ORDER = 10
ICON = ":material/chat:"

TURNS = 6
"""Turns drawn at once, and up to `HELD` more; earlier ones on request."""
HELD = 2
"""Turns that go out of sight together, so that the others seldom change their place."""
LIVE_SECONDS = 0.2
FIRST_SECONDS = 0.4
"""How long the rest of the page waits for the first step of a new turn."""
LOOK_SECONDS = 2.0
FILE_TYPES = (
    "image",
    "audio",
    *("heic", "heif", "jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"),
    *("wav", "mp3", "flac", "ogg", "oga", "opus", "m4a", "webm"),
)
HEARS = "transcribe_audio"
_LEFT, _SPOKEN = "left-over", "spoken"
Given = dict[str, FeedbackView]
"""Feedback by run id."""


@dataclass(frozen=True)
class Left:
    """A question that was not sent, the files that can go with it, and why others can't."""

    text: str
    uploaded: tuple[ArtifactInfo, ...]
    refused: tuple[str, ...]


def show() -> None:
    note_drawing()
    conversation_id = current()
    transcript = _transcript(conversation_id)
    given: Given = {}
    if conversation_id is not None and transcript.turns:
        st.empty()  # in the place of the welcome, which would stay until all is drawn
        turns = st.container()
        _input()  # at once: with it Streamlit builds the page anew, and closes what is open there
        with turns:
            given = _turns(conversation_id, transcript)
        if any(tool.name == SPEAKS for tool in about().tools):
            show_sounds()
    else:
        with st.container():
            show_welcome(_input, ask, _similar)
    _offer_what_is_left()
    if conversation_id is not None:
        _watch(conversation_id, _shape(transcript), given)


def _transcript(conversation_id: str | None) -> Transcript:
    if conversation_id is None:
        return Transcript()
    try:
        return feeds().of(conversation_id).refresh()
    except NotFound:
        begin_new()
        st.toast(words()("chat.gone"), icon=":material/delete:")
        return Transcript()


def _turns(conversation_id: str, transcript: Transcript) -> Given:
    """Turns that ended or wait for a person are drawn once; from the first that runs on, a fragment
    follows the engine. It is drawn first, in the place after them: a person waits for its steps."""
    turns, top = transcript.turns, st.container()
    first = _first_running(turns)
    shows_all = st.session_state.get("all-turns") == conversation_id
    hidden = 0 if shows_all else max(first - TURNS, 0) // HELD * HELD
    ended = [(turn, st.container()) for turn in turns[hidden:first]]
    if first < len(turns):
        with st.container():
            _live(conversation_id, first)
    with top:
        show_origin(conversation_id)
        if hidden:
            _earlier(conversation_id, hidden)
    given = engine().feedback(conversation_id)
    for turn, place in ended:
        with place, st.container():  # as deep as a fragment, so that nothing jumps when it ends
            show_turn(turn, _stop, transcript, given)
    return given


def _first_running(turns: tuple[Turn, ...]) -> int:
    still = (i for i, turn in enumerate(turns) if not turn.ended and turn.state != "waiting")
    return next(still, len(turns))


def _shape(transcript: Transcript) -> tuple[bool, ...]:
    """What the page has to be drawn anew for: another turn, or one that waits or no longer does."""
    return tuple(turn.state == "waiting" for turn in transcript.turns)


def _earlier(conversation_id: str, hidden: int) -> None:
    text = words()("chat.earlier", count=hidden)
    st.button(text, key="earlier", type="tertiary", on_click=_show_all, args=(conversation_id,))


def _show_all(conversation_id: str) -> None:
    st.session_state["all-turns"] = conversation_id


@st.fragment(run_every=LIVE_SECONDS)
def _live(conversation_id: str, first: int) -> None:
    """Runs again and again while a turn runs; news that comes meanwhile is drawn at once."""
    redraw_if_asked()
    feed = feeds().of(conversation_id)
    if len(feed.now().turns) <= first:
        st.rerun()  # it had not been looked at for long, and was dropped
    turn = feed.now().turns[first]
    show_asked(turn)  # seen while its first step is waited for
    transcript = _news(feed, turn)
    turn, *later = transcript.turns[first:]
    for running in (turn, *later):
        if not running.ended:
            note_fresh(running.run_id)
    show_answer(turn, _stop, transcript)
    for next_turn in later:
        with st.container():
            show_turn(next_turn, _stop, transcript)
    if _first_running(transcript.turns) != first:
        st.rerun()


def _news(feed: Feed, turn: Turn) -> Transcript:
    """A turn that is drawn for the first time is waited for until there is something of it."""
    drawn, seen = st.session_state.get("live", ("", 0))
    if drawn == turn.run_id:
        transcript = feed.wait(seen, LIVE_SECONDS / 2)
    else:
        transcript = feed.wait_until(partial(_begun, run_id=turn.run_id), FIRST_SECONDS)
    st.session_state["live"] = (turn.run_id, transcript.last_seq)
    return transcript


def _begun(transcript: Transcript, run_id: str) -> bool:
    turn = transcript.turn(run_id)
    return turn is not None and (bool(turn.blocks) or turn.ended)


@st.fragment(run_every=LOOK_SECONDS)
def _watch(conversation_id: str, drawn: tuple[bool, ...], given: Given) -> None:
    """Notices what another tab did, an engine that went away, and presses that nothing drew."""
    redraw_if_asked()
    try:
        transcript = feeds().of(conversation_id).refresh()
        given_now = engine().feedback(conversation_id)
    except (EngineUnavailable, NotFound):
        st.rerun()
    if _shape(transcript) != drawn or (drawn and given_now != given):
        st.rerun()


def _input() -> None:
    text = words()
    _write_down()
    take_begun()
    st.chat_input(
        text("chat.placeholder"),
        key=QUESTION,
        accept_file="multiple",
        file_type=list(FILE_TYPES),
        accept_audio=any(tool.name == HEARS for tool in about().tools),
        on_submit=_submitted,
    )
    forget_begun()
    show_focus()


def _submitted() -> None:
    said = st.session_state[QUESTION]
    recorded = getattr(said, "audio", None)  # there only where the microphone is offered
    if recorded and not said.text and not said.files:
        st.session_state[_SPOKEN] = recorded
        return
    uploaded, refused = _upload([*said.files, recorded] if recorded else said.files)
    if refused:
        st.session_state[_LEFT] = Left(said.text, uploaded, refused)
    else:
        ask(said.text or _unsaid(uploaded), [file.sha256 for file in uploaded])


def _upload(files: Sequence[Any]) -> tuple[tuple[ArtifactInfo, ...], tuple[str, ...]]:
    """What the engine keeps of Streamlit's uploaded files, and why not the others."""
    uploaded, refused = [], []
    for file in files:
        name = one_line(file.name, 200)
        try:
            uploaded.append(engine().upload(file, name))
        except DuomoError as error:
            refused.append(f"{name}：{told(error)}")
    return tuple(uploaded), tuple(refused)


def _write_down() -> None:
    """A recording alone becomes words in the input, for the person to look at and send; where there
    are none, the recording can go along as it is."""
    text, recorded = words(), st.session_state.get(_SPOKEN)
    if recorded is None:
        return
    heard, reason = "", text("chat.unheard")
    try:
        with st.spinner(text("chat.listening")):
            heard = engine().write_down(recorded.getvalue(), recorded.name)
    except DuomoError as error:
        reason = told(error)
    st.session_state.pop(_SPOKEN)  # only now: whoever presses something meanwhile loses nothing
    if heard:
        begin(heard.replace("\n", " "))
    else:
        uploaded, refused = _upload([recorded])
        st.session_state[_LEFT] = Left("", uploaded, (reason, *refused))


def _offer_what_is_left() -> None:
    """A file that can't be used takes neither the question nor the other files with it."""
    left: Left | None = st.session_state.pop(_LEFT, None)
    if left is not None:
        question = left.text or (_unsaid(left.uploaded) if left.uploaded else "")
        hashes = [file.sha256 for file in left.uploaded]
        ask_about(len(hashes), lambda: hashes, question=question, refused=left.refused)


def _unsaid(uploaded: Sequence[ArtifactInfo]) -> str:
    """What a file without a word asks for."""
    heard = any(file.kind == "audio" for file in uploaded)
    return words()("chat.only_sound" if heard else "chat.only_picture")


def _similar(file: str) -> None:
    """Ask for pictures like a sample, which goes along as an attachment."""
    uploaded = engine().upload(sample(file, 1024), file)
    ask(words()("welcome.similar_question"), [uploaded.sha256])


def _stop(run_id: str) -> None:
    try:
        engine().cancel_run(run_id)
    except DuomoError as error:
        st.toast(as_label(told(error), 300), icon=":material/error:")
