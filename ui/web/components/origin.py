"""Over a conversation that was branched off: the way back to where it comes from."""

import streamlit as st

from ui.untrusted import as_label
from ui.web.current import open_conversation
from ui.web.engine import engine
from ui.web.words import words


def show_origin(conversation_id: str) -> None:
    text = words()
    known = {conversation.id: conversation for conversation in engine().conversations()}
    conversation = known.get(conversation_id)
    if conversation is None or conversation.branch_of is None:
        return
    origin = known.get(conversation.branch_of)
    if origin is None:
        st.caption(f":material/call_split: {text('branch.gone')}")
        return
    title = as_label(origin.title or text("sidebar.untitled"), 40)
    st.button(
        text("branch.of", title=title),
        key="origin",
        type="tertiary",
        icon=":material/call_split:",
        on_click=open_conversation,
        args=(origin.id,),
    )
