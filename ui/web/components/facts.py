"""Names and values, one line each; the values may come from anywhere."""

from collections.abc import Iterable
from html import escape

import streamlit as st

from api.artifact_schemas import ArtifactInfo
from ui.untrusted import one_line
from ui.web.words import words

LONGEST = 600


def show_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Those without a value are left out."""
    lines = (
        f"<dt>{escape(name)}</dt><dd>{escape(one_line(value, LONGEST))}</dd>"
        for name, value in facts
        if value
    )
    st.html(f'<dl class="duomo-facts">{"".join(lines)}</dl>')


def lineage_facts(made: ArtifactInfo) -> list[tuple[str, str]]:
    """How it was made: each argument under its name, then what made it."""
    text, lineage = words(), made.lineage
    arguments = [
        (text.of(f"argument.{name}", name), str(value))
        for name, value in lineage.arguments.items()
        if value is not None
    ]
    seed = "" if lineage.seed is None else str(lineage.seed)
    given = [pair for pair in arguments if pair[0] != text("argument.seed")]
    return [
        *given,
        (text("detail.prompt"), lineage.prompt or ""),
        (text("detail.seed"), seed),
        (text("creation.checkpoint"), lineage.checkpoint or ""),
        (text("creation.revision"), lineage.revision or ""),
    ]
