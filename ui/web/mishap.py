"""What nobody caught: logged, told in plain words, and the page stays."""

import logging

import streamlit as st

from models.errors import DuomoError
from ui.untrusted import as_label
from ui.web.words import told, words

log = logging.getLogger(__name__)


def show_mishap(error: Exception) -> bool:
    """Streamlit's handler of uncaught errors; True keeps it from showing its own."""
    log.error("the page failed", exc_info=error)
    text = words()
    message = told(error) if isinstance(error, DuomoError) else text("mishap.unknown")
    st.error(as_label(message, 500), icon=":material/error:")
    st.button(text("mishap.again"), icon=":material/refresh:", key="mishap-again")
    return True
