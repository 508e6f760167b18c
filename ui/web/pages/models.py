"""模型与显存: what each role uses, pull what is missing, and what is in memory just now."""

from collections.abc import Sequence

import streamlit as st

from api.model_schemas import ModelsView, ModelView, ProfileView
from models.errors import DuomoError
from ui.measures import size
from ui.untrusted import as_label
from ui.web.components.memory import show_memory
from ui.web.components.model_row import Act, show_model
from ui.web.components.pulling import show_pull
from ui.web.engine import about, engine
from ui.web.telling import tell
from ui.web.words import told, words

ORDER = 20
ICON = ":material/memory:"
SOURCES = ("auto", "huggingface", "modelscope")


def show() -> None:
    text = words()
    view = engine().models()
    st.title(text("models.title"), anchor=False)
    server = about().language_server
    st.caption(text("models.lead_away" if server and server.leaves else "models.lead"))
    show_memory()
    show_pull()
    profile = _chosen(view)
    _profile(view, profile)
    _others(view, profile)


def _chosen(view: ModelsView) -> ProfileView:
    """The profile that a person looks at; at first the one that the engine runs with."""
    by_name = {profile.name: profile for profile in view.profiles}
    name = st.segmented_control(
        words()("models.profile"),
        list(by_name),
        default=view.profile if view.profile in by_name else None,
        format_func=lambda name: _title(name, view.profile),
        key="profile",
        required=True,
    )
    return by_name.get(name or "", view.profiles[0])


def _title(name: str, current: str) -> str:
    text = words()
    known = f"profiles.{name}"
    title = text.of(known, as_label(name))
    return f"{title} · {text('models.current')}" if name == current else title


def _profile(view: ModelsView, profile: ProfileView) -> None:
    text = words()
    by_name = {model.name: model for model in view.models}
    models = [(role, by_name[name]) for role, name in profile.roles.items() if name in by_name]
    missing = list({model.name: model for _, model in models if model.state != "here"}.values())
    st.markdown(as_label(told(profile.note), 300))
    facts = [
        text("models.planned", size=size(profile.budget_bytes)),
        text("models.lacking", count=len(missing)) if missing else text("models.ready"),
        text("models.free", size=size(view.free_bytes)),
    ]
    switch = text("models.switch", name=as_label(profile.name))
    st.caption(" · ".join(facts) + ("" if profile.name == view.profile else f"  \n{switch}"))
    if missing:
        _offer(missing)
    with st.container(key="models-profile", gap=None):
        for role, model in models:
            show_model(model, text(f"role.{role}"), f"role-{role}", Act(pull=_pull, remove=_remove))


def _offer(missing: Sequence[ModelView]) -> None:
    """One button for all that is missing, and where it shall come from."""
    text = words()
    sizes = [model.known_bytes for model in missing]
    known = sum(size for size in sizes if size is not None)
    with st.container(horizontal=True, vertical_alignment="center", key="offer"):
        st.button(
            text("models.pull_all", count=len(missing))
            if None in sizes
            else text("models.pull_size", count=len(missing), size=size(known)),
            key="pull-all",
            type="primary",
            icon=":material/download:",
            on_click=_pull,
            args=tuple(model.name for model in missing),
        )
        st.selectbox(
            text("models.source"),
            SOURCES,
            format_func=lambda source: text(f"models.{source}"),
            key="source",
            label_visibility="collapsed",
            width=150,
        )


def _others(view: ModelsView, profile: ProfileView) -> None:
    text = words()
    others = [model for model in view.models if model.name not in profile.roles.values()]
    with st.expander(text("models.disk"), key="others", type="compact"):
        if not others:
            st.caption(text("models.nothing"))
        with st.container(key="models-others", gap=None):
            for model in others:
                act = Act(pull=_pull, remove=_remove)
                show_model(model, text(f"role.{model.role}"), f"other-{model.name}", act)


def _pull(*names: str) -> None:
    try:
        engine().pull(names, source=st.session_state.get("source"))
    except DuomoError as error:
        tell(error)


@st.dialog(words()("models.remove_title"))
def _remove(model: ModelView) -> None:
    text = words()
    question = "forget_question" if model.origin == "folder" else "remove_question"
    st.text(text(f"models.{question}", name=model.name, size=size(model.bytes)))
    with st.container(horizontal=True):
        name = text("models.forget" if model.origin == "folder" else "models.remove")
        if st.button(name, type="primary", key="remove-yes"):
            _removed(model)
            st.rerun()
        if st.button(text("cancel"), key="remove-no"):
            st.rerun()


def _removed(model: ModelView) -> None:
    text = words()
    try:
        freed = engine().remove_model(model.name).freed_bytes
    except DuomoError as error:
        tell(error)
        return
    done = "forgotten" if model.origin == "folder" else "removed"
    st.toast(as_label(text(f"models.{done}", name=model.name, size=size(freed)), 200))
