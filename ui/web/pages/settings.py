"""设置: what a person may change, saved into `duomo.toml`, held after a restart of the engine."""

from typing import Any

import streamlit as st

from api.settings_schemas import SettingsView, SettingView
from models.errors import DuomoError
from ui.untrusted import as_label
from ui.web import states
from ui.web.again import start_again
from ui.web.components.setting import NOT_GIVEN, show_setting
from ui.web.engine import engine
from ui.web.telling import tell
from ui.web.words import told, words

ORDER = 80
ICON = ":material/settings:"
GROUPS: dict[str, tuple[str, ...]] = {
    "page": ("locale", "visible_labels", "max_upload"),
    "models": ("profile", "device", "budget", "host_memory", "idle_minutes", "quantisation"),
    "answers": ("ask_before", "ask_above_count", "max_steps", "max_new_tokens", "answer_cache"),
    "server": ("llm_url", "llm_model", "llm_key", "llm_timeout", "llm_temperature"),
    "downloads": ("hub", "mirrors"),
    "reach": ("host", "port", "ui_port", "allowed_hosts", "home"),
}
"""Headings and what stands below them; a setting that is named nowhere comes at the end."""


def show() -> None:
    text = words()
    view = engine().settings()
    st.title(text("settings.title"), anchor=False)
    st.caption(text("settings.lead", file=as_label(view.file, 200)))
    with st.form("settings", border=False, enter_to_submit=False):
        given = {name: value for group in _grouped(view) for name, value in _group(*group).items()}
        with st.container(key="settings-foot", gap="xsmall"):
            _foot(view, {n: value for n, value in given.items() if value is not NOT_GIVEN})


def _foot(view: SettingsView, changes: dict[str, Any]) -> None:
    """Stays in sight: what was saved and does not hold yet, and what can be pressed."""
    text = words()
    waiting = [setting for setting in view.settings if setting.pending]
    said = st.container()
    with said:
        if waiting:
            names = text("welcome.joint").join(map(_title, waiting))
            st.markdown(text("settings.pending", names=names))
            if not view.restartable:
                st.caption(text("settings.by_hand"))
    with st.container(horizontal=True):
        icon = ":material/save:"
        if st.form_submit_button(text("save"), key="save", type="primary", icon=icon):
            with said:
                _save(changes)
        if waiting and view.restartable:
            new_locale = any(setting.name == "locale" for setting in waiting)
            _restart_button(new_locale)


def _restart_button(new_locale: bool) -> None:
    st.form_submit_button(
        words()("settings.restart"),
        key="restart",
        icon=":material/refresh:",
        on_click=_again,
        args=(new_locale,),
    )


def _grouped(view: SettingsView) -> list[tuple[str, list[SettingView]]]:
    by_name = {setting.name: setting for setting in view.settings}
    groups = [
        (title, [by_name.pop(name) for name in names if name in by_name])
        for title, names in GROUPS.items()
    ]
    groups.insert(-1, ("others", list(by_name.values())))
    return [(title, settings) for title, settings in groups if settings]


def _group(title: str, settings: list[SettingView]) -> dict[str, Any]:
    """The widgets below one heading; what each holds, NOT_GIVEN where nothing was changed."""
    text = words()
    st.subheader(text(f"settings.{title}"), anchor=False)
    if title == "reach":
        st.caption(text("settings.reach_note"))
    return {setting.name: show_setting(setting, _title(setting)) for setting in settings}


def _title(setting: SettingView) -> str:
    return words().of(f"setting.{setting.name}", as_label(setting.name))


def _save(changes: dict[str, Any]) -> None:
    text = words()
    if not changes:
        st.toast(text("settings.unchanged"))
        return
    try:
        engine().change_settings(changes)
    except DuomoError as error:
        st.error(as_label(told(error), 500), icon=":material/error:")
        return
    st.rerun()


def _again(new_locale: bool) -> None:
    """The engine ends and comes back; so does the page, where its language changes."""
    try:
        engine().restart()
    except DuomoError as error:
        tell(error)
        return
    st.cache_data.clear()
    states.note_restart()
    if new_locale:
        start_again()
