"""What came of a step, shown as suits its tool; the files of any other tool as they are."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from api.artifact_schemas import ArtifactView
from api.client import Step
from ui.untrusted import as_label
from ui.web.components.artifacts import (
    LARGE,
    SMALL,
    show_artifacts,
    show_picture,
    show_preview,
)
from ui.web.words import words

Known = Mapping[str, ArtifactView]
"""The files of the conversation by handle."""

SHOWN = 6
"""Lines of a transcript that are read at a glance; the rest is folded."""


def show_result(step: Step, known: Known, said: str) -> None:
    """While the step runs, what there is of it so far. `said`: the answer of its turn."""
    _RESULTS.get(step.tool, _files)(step, known, said)


def _files(step: Step, _known: Known, _said: str) -> None:
    if step.ended or step.preview is None:
        show_artifacts(step.artifacts, step.call_id)
        return
    several = _whole((step.arguments or {}).get("count")) > 1
    with st.container(key=f"{'grid' if several else 'alone'}-{step.call_id}"):
        show_preview(step.preview, f"{step.call_id}-0", LARGE)


def _beside_its_source(step: Step, known: Known, said: str) -> None:
    source = known.get(str((step.arguments or {}).get("image")))
    if source is None or (not step.artifacts and (step.ended or step.preview is None)):
        _files(step, known, said)
        return
    with st.container(key=f"pair-{step.call_id}"):
        show_picture(source, f"{step.call_id}-source", SMALL)
        for number, view in enumerate(step.artifacts):
            show_picture(view, f"{step.call_id}-{number}", LARGE)
        if not step.artifacts and step.preview is not None:
            show_preview(step.preview, f"{step.call_id}-0", LARGE)


def _answer(step: Step, known: Known, said: str) -> None:
    """The picture in small, and what was found in it, unless the turn's answer says the same."""
    answer = step.details.get("answer")
    source = known.get(str((step.arguments or {}).get("image")))
    if not isinstance(answer, str) or source is None:
        _files(step, known, said)
        return
    with st.container(key=f"said-of-{step.call_id}", horizontal=True, vertical_alignment="center"):
        with st.container(key=f"small-{step.call_id}", width=96):
            show_picture(source, f"{step.call_id}-source", SMALL)
        if answer.strip() not in said:
            st.markdown(as_label(answer, 2000))


def _transcript(step: Step, known: Known, said: str) -> None:
    """Who listens with the eyes: every sentence after the time it begins."""
    lines = [_line(segment) for segment in _segments(step)]
    if not lines:
        _files(step, known, said)
        return
    st.markdown("  \n".join(lines[:SHOWN]))
    if len(lines) > SHOWN:
        rest = words()("step.more_lines", count=len(lines) - SHOWN)
        with st.expander(rest, key=f"lines-{step.call_id}", type="compact"):
            st.markdown("  \n".join(lines[SHOWN:]))


def _segments(step: Step) -> list[dict[str, Any]]:
    segments = step.details.get("segments")
    listed = segments if isinstance(segments, list) else []
    return [segment for segment in listed if isinstance(segment, dict)]


def _line(segment: Mapping[str, Any]) -> str:
    return f":gray[{_clock(segment.get('start'))}]  {as_label(str(segment.get('text', '')), 300)}"


def _clock(seconds: object) -> str:
    """`0:07`, `12:30`, `1:02:03`."""
    whole = _whole(seconds)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def _whole(value: object) -> int:
    return int(value) if isinstance(value, int | float) and value >= 0 else 0


_RESULTS: dict[str, Callable[[Step, Known, str], None]] = {
    "ask_image": _answer,
    "edit_image": _beside_its_source,
    "transcribe_audio": _transcript,
}
