"""What a press could not do, told beside the page that stays as it is."""

import streamlit as st

from models.errors import DuomoError
from ui.untrusted import as_label
from ui.web.words import told


def tell(error: DuomoError) -> None:
    st.toast(as_label(told(error), 300), icon=":material/error:", duration="long")
