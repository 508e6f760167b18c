"""The script that Streamlit runs for every session: one frame around whatever page is open.

In a folder of its own, because Streamlit takes a `pages/` beside its script for scripts, too.
"""

from pathlib import Path

import streamlit as st

from ui.web.frame import show_frame
from ui.web.words import words

# A file of ours: an icon named `:material/…:` would be fetched from the network by the browser.
ICON = Path(__file__).parents[1] / "icon.png"
st.set_page_config(page_title=words()("app.title"), page_icon=ICON, layout="centered")
show_frame()
