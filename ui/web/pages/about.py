"""关于与接口: what runs here, under which licences, and how programs speak to it."""

from collections.abc import Sequence

import streamlit as st

from api.schemas import About, CheckpointView
from ui.untrusted import as_label
from ui.web.engine import about, engine
from ui.web.words import words

ORDER = 90
ICON = ":material/info:"

_CURL = """\
BASE={url}
CONVERSATION=$(curl -s $BASE/api/conversations -H 'Content-Type: application/json' -d '{{}}' | \
python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])')
RUN=$(curl -s $BASE/api/conversations/$CONVERSATION/runs -H 'Content-Type: application/json' \
-d '{{"text": "{question}"}}' | \
python3 -c 'import json, sys; print(json.load(sys.stdin)["run_id"])')
curl -sN $BASE/api/runs/$RUN/events
"""
_PYTHON = """\
from api.client import Client, Transcript, fold

with Client("{url}") as duomo:
    conversation = duomo.create_conversation()
    run = duomo.start_run(conversation.id, "{question}")
    transcript = fold(Transcript(), duomo.run_events(run.run_id))
    for view in transcript.artifacts.values():
        print(view.handle, len(duomo.artifact(view.sha256)), "bytes")
"""
_TERMINAL = """\
duomo ask "{question}"
duomo index ~/Pictures
duomo search "{query}"
duomo doctor
"""


def show() -> None:
    text, known = words(), about()
    st.title(text("about.title"), anchor=False)
    st.markdown(text("about.lead", version=as_label(known.version)))
    _tools(known)
    _interfaces()
    _models(known.checkpoints)


def _tools(known: About) -> None:
    text = words()
    st.subheader(text("about.tools"), anchor=False)
    with st.container(key="about-tools", gap=None):
        for tool in known.tools:
            title = tool.title_en if text.locale == "en" else tool.title_zh
            st.markdown(f":material/{tool.icon}: {as_label(title)}  :gray[`{tool.name}`]")


def _interfaces() -> None:
    """Snippets that run as they are against this engine."""
    text = words()
    st.subheader(text("about.interfaces"), anchor=False)
    st.caption(text("about.local"))
    given = {"url": engine().base_url, "question": text("about.question")}
    terminal, python, curl = st.tabs([text("about.terminal"), "Python", "curl"])
    terminal.code(_TERMINAL.format(**given, query=text("about.query")), language="bash")
    python.code(_PYTHON.format(**given), language="python")
    curl.code(_CURL.format(**given), language="bash")
    st.caption(text("about.schema", url=f"{engine().base_url}/openapi.json"))


def _models(checkpoints: Sequence[CheckpointView]) -> None:
    text = words()
    st.subheader(text("about.models"), anchor=False)
    with st.container(key="about-models", gap="small"):
        for checkpoint in checkpoints:
            licence = " · ".join(filter(None, (checkpoint.licence, checkpoint.licence_limits)))
            st.markdown(
                f"{text(f'role.{checkpoint.role}')}  **{as_label(checkpoint.name, 60)}**  \n"
                f":gray[{as_label(licence, 260)}]"
            )
    st.caption(text("about.licence"))
