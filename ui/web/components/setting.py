"""One setting as the widget that fits its kind."""

from typing import Any, Final

import streamlit as st

from api.settings_schemas import SettingView
from ui.untrusted import as_label
from ui.web.words import told, words

NOT_GIVEN: Final = object()
"""A widget still holds what it showed at first."""


def show_setting(setting: SettingView, title: str) -> Any:
    """What a person chose, as the file has it; NOT_GIVEN when it was not changed."""
    text = words()
    common = {
        "label": title,
        "help": as_label(told(setting.description), 300),
        "key": f"setting-{setting.name}",
        "disabled": not setting.editable or setting.source == "environment",
    }
    shown = _shown(setting)
    given = _widget(setting, shown, common)
    if setting.editable and setting.source == "environment":
        st.caption(text("settings.environment", name=f"DUOMO_{setting.name.upper()}"))
    return NOT_GIVEN if given == shown else _written(setting, given)


def _widget(setting: SettingView, shown: Any, common: dict[str, Any]) -> Any:
    if setting.choices:
        return _choice(setting, shown, common)
    if setting.kind == "boolean":
        return st.toggle(value=shown, **common)
    if setting.kind in ("integer", "number"):
        return _number(setting, shown, common)
    if setting.kind == "secret":
        return st.text_input(value="", type="password", **common)
    placeholder = words()("settings.by_itself") if setting.optional else ""
    return st.text_input(value=shown, placeholder=placeholder, **common)


def _choice(setting: SettingView, shown: Any, common: dict[str, Any]) -> Any:
    text = words()

    def named(value: str) -> str:
        return text.of(f"setting_value.{setting.name}.{value}", as_label(value))

    options = setting.choices if shown in setting.choices else (shown, *setting.choices)
    return st.selectbox(options=options, index=options.index(shown), format_func=named, **common)


def _number(setting: SettingView, shown: Any, common: dict[str, Any]) -> Any:
    cast: Any = int if setting.kind == "integer" else float
    return st.number_input(
        value=None if shown is None else cast(shown),
        min_value=None if setting.minimum is None else cast(setting.minimum),
        max_value=None if setting.maximum is None else cast(setting.maximum),
        step=cast(1),
        format="%d" if setting.kind == "integer" else "%g",
        **common,
    )


def _shown(setting: SettingView) -> Any:
    """The value as its widget holds it."""
    value = setting.value
    if setting.kind == "list":
        return ", ".join(map(str, value))
    if setting.kind == "table":
        return ", ".join(f"{key}={entry}" for key, entry in value.items())
    if setting.kind in ("text", "bytes", "secret") and not setting.choices:
        return "" if value is None else str(value)
    return value


def _written(setting: SettingView, given: Any) -> Any:
    """What a widget holds, as the file has it; empty is the default."""
    if isinstance(given, str) and not given.strip():
        return None
    if setting.kind == "list":
        return [part.strip() for part in given.replace("，", ",").split(",") if part.strip()]
    if setting.kind == "table":
        pairs = (part.partition("=") for part in given.replace("，", ",").split(","))
        return {name.strip(): entry.strip() for name, _, entry in pairs if name.strip()}
    return given.strip() if isinstance(given, str) else given
