"""Names and values, one line each; the values may come from anywhere."""

from collections.abc import Iterable
from html import escape

import streamlit as st

from ui.untrusted import one_line

LONGEST = 600


def show_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Those without a value are left out."""
    lines = (
        f"<dt>{escape(name)}</dt><dd>{escape(one_line(value, LONGEST))}</dd>"
        for name, value in facts
        if value
    )
    st.html(f'<dl class="duomo-facts">{"".join(lines)}</dl>')
