"""The chat's input takes the keyboard when something was put into it for the person to go on."""

import uuid

import streamlit as st

_KEY = "focus-input"
_JS = """
export default function ({ data }) {
  if (window.duomoFocused === data.token) return;
  window.duomoFocused = data.token;
  const box = document.querySelector("[data-testid=stChatInputTextArea]");
  box?.focus();
  requestAnimationFrame(() => box?.setSelectionRange(box.value.length, box.value.length));
}
"""
_focus = st.components.v2.component("duomo_focus", js=_JS)


def take_focus() -> None:
    """At the next drawing, once."""
    st.session_state[_KEY] = uuid.uuid4().hex


def show_focus() -> None:
    """Once on the page, after the input."""
    if token := st.session_state.get(_KEY):
        _focus(key="focus", data={"token": token})
