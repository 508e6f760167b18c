"""关于与接口: what runs here, under which licences, and how programs speak to it."""

import os
from collections.abc import Sequence

import streamlit as st

from api.system_schemas import About, CheckpointView
from ui.untrusted import as_label
from ui.web.engine import about, engine
from ui.web.words import words

ORDER = 90
ICON = ":material/info:"

_CURL = """\
curl {url}/v1/chat/completions -H 'Content-Type: application/json' \
-d '{{"model": "duomo", "messages": [{{"role": "user", "content": "{question}"}}]}}'
"""
_OPENAI = """\
from openai import OpenAI

client = OpenAI(base_url="{url}/v1", api_key="none")
question = {{"role": "user", "content": "{question}"}}
for chunk in client.chat.completions.create(model="duomo", messages=[question], stream=True):
    print(chunk.choices[0].delta.content or "", end="", flush=True)
"""
_LANGCHAIN = """\
from langchain_openai import ChatOpenAI

model = ChatOpenAI(model="duomo", base_url="{url}/v1", api_key="none")
print(model.invoke("{question}").content)
"""
_OPEN_WEBUI = """\
OPENAI_API_BASE_URL={local}/v1 OPENAI_API_KEY=none TASK_MODEL_EXTERNAL=duomo-llm open-webui serve
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
{command} ask "{question}"
{command} index ~/Pictures
{command} search "{query}"
{command} doctor
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
    local = given["url"].replace("127.0.0.1", "localhost")
    terminal = _TERMINAL.format(command=_command(), query=text("about.query"), **given)
    shown = (
        (text("about.terminal"), terminal, "bash"),
        ("curl", _CURL.format(**given), "bash"),
        ("openai", _OPENAI.format(**given), "python"),
        ("LangChain", _LANGCHAIN.format(**given), "python"),
        ("Open WebUI", _OPEN_WEBUI.format(local=local), "bash"),
        ("Python", _PYTHON.format(**given), "python"),
    )
    for tab, (_, code, language) in zip(
        st.tabs([title for title, *_ in shown]), shown, strict=True
    ):
        tab.code(code, language=language, wrap_lines=True)
    st.caption(text("about.openai", url=f"{given['url']}/v1"))
    st.caption(text("about.schema", url=f"{engine().base_url}/openapi.json"))
    _asked_by_programs()


def _command() -> str:
    """How `duomo` is started here: uv, which runs it from its folder, says so to its children."""
    return "uv run duomo" if "UV" in os.environ else "duomo"


def _asked_by_programs() -> None:
    """What programs left behind: it is in no list, so that it can be seen and deleted here."""
    text, asked = words(), engine().conversations("program")
    if not asked:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="programs"):
        st.caption(text("about.programs", count=len(asked)), width="stretch")
        with st.popover(text("about.forget"), icon=":material/delete:"):
            st.text(text("about.forget_question", count=len(asked)))
            st.button(
                text("about.forget"),
                type="primary",
                key="programs-delete",
                on_click=engine().delete_programs,
            )


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
