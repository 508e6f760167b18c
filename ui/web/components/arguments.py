"""A tool's arguments as a form, made from their JSON schema: bounds, choices, texts, nested ones.

Where what a model wrote does not fit a field, the field begins empty. What a person leaves empty
goes along as not given; the engine checks the rest with the tool's own model.
"""

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from ui.untrusted import as_label, one_line
from ui.web.words import words

Schema = Mapping[str, Any]

LONG = 200
"""A text that may be longer than this gets several lines, in characters."""


def show_fields(schema: Schema, given: Mapping[str, Any], key: str) -> None:
    """One field for each argument; `read_fields` with the same `key` gives what is in them."""
    for name, field in _fields(schema):
        if "properties" in field:
            nested = given.get(name)
            show_fields(field, nested if isinstance(nested, dict) else {}, f"{key}-{name}")
        else:
            _show(name, field, given.get(name, field.get("default")), f"{key}-{name}")


def read_fields(schema: Schema, key: str) -> dict[str, Any]:
    """The arguments as they stand in the fields; to be read while those are on the page."""
    found = {}
    for name, field in _fields(schema):
        value = (
            read_fields(field, f"{key}-{name}") or None
            if "properties" in field
            else _read(field, st.session_state.get(f"{key}-{name}"))
        )
        if value is not None:
            found[name] = value
    return found


def _fields(schema: Schema) -> list[tuple[str, Schema]]:
    properties = schema.get("properties")
    items = properties.items() if isinstance(properties, dict) else ()
    return [(name, field) for name, field in items if isinstance(field, dict)]


def _show(name: str, field: Schema, value: object, key: str) -> None:
    label = _label(name, field)
    if "enum" in field:
        options = list(field["enum"])
        index = options.index(value) if value in options else None
        st.selectbox(label, options, index=index, key=key)
    elif field.get("type") == "boolean":
        st.checkbox(label, value=value is True, key=key)
    elif field.get("type") in {"integer", "number"}:
        _number(label, field, value, key)
    else:
        _text(label, field, value, key)


def _number(label: str, field: Schema, value: object, key: str) -> None:
    is_whole = field["type"] == "integer"
    low, high = (_number_or_none(field.get(name), is_whole) for name in ("minimum", "maximum"))
    begin = _number_or_none(value, is_whole)
    if begin is not None and not (begin if low is None else low) <= begin <= (
        begin if high is None else high
    ):
        begin = None
    step = 1 if is_whole else 0.05
    st.number_input(label, min_value=low, max_value=high, value=begin, step=step, key=key)


def _number_or_none(value: object, is_whole: bool) -> Any:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return int(value) if is_whole else float(value)


def _text(label: str, field: Schema, value: object, key: str) -> None:
    longest = field.get("maxLength")
    written = value if isinstance(value, str) else "" if value is None else json.dumps(value)
    if isinstance(longest, int):
        written = written[:longest]
    if isinstance(longest, int) and longest > LONG:
        st.text_area(label, written, max_chars=longest, height=80, key=key)
    else:
        st.text_input(label, one_line(written, 1000), max_chars=longest, key=key)


def _read(field: Schema, value: Any) -> Any:
    """None for what is not given. A kind that has no field of its own was written as JSON."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    if field.get("type") == "string":
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _label(name: str, field: Schema) -> str:
    """The argument's name, and in Chinese what the tool says of it."""
    text = words()
    title = text.of(f"argument.{name}", as_label(name))
    told = as_label(str(field.get("description", "")), 80)
    return f"{title}  :gray[{told}]" if told and text.locale != "en" else title
