"""`duomo.toml` changed from a page: checked as a whole before it is written, comments kept.

What decides who can reach the engine is changed in the file by hand, never over HTTP.
"""

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import tomlkit
from pydantic import ByteSize, SecretStr
from pydantic.fields import FieldInfo
from tomlkit.exceptions import TOMLKitError

from duomo.settings import TOML_NAME, Settings, load_settings
from models.errors import DiskFull, InvalidRequest

Kind = Literal["text", "secret", "integer", "number", "boolean", "bytes", "list", "table"]
Source = Literal["default", "file", "environment"]
BY_HAND = frozenset({"home", "host", "port", "ui_port", "allowed_hosts"})
_KINDS: dict[Any, Kind] = {
    bool: "boolean", int: "integer", float: "number", ByteSize: "bytes", SecretStr: "secret",
    dict: "table", tuple: "list",
}  # fmt: skip
_lock = threading.Lock()


def kind_of(field: FieldInfo) -> Kind:
    """How a person writes a value of `field`."""
    return _KINDS.get(_plain(field), "text")


def choices_of(field: FieldInfo) -> tuple[str, ...]:
    """The values that `field` may have; empty where anything of its kind may stand."""
    for annotation in _alternatives(field):
        if get_origin(annotation) is Literal:
            return tuple(map(str, get_args(annotation)))
    return ()


def bound_of(field: FieldInfo, *names: str) -> float | None:
    """A limit among `names` (`ge`, `gt` …) that `field` is declared with."""
    limits = (getattr(entry, name, None) for entry in field.metadata for name in names)
    return next((float(limit) for limit in limits if limit is not None), None)


def written(value: Any) -> Any:
    """A value as it stands in the file; what is secret is not told."""
    if isinstance(value, ByteSize):
        return value.human_readable(separator="").replace(".0", "")
    if isinstance(value, SecretStr):
        return ""
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value


def sources(home: Path) -> dict[str, Source]:
    """Setting → where its value comes from at the next start."""
    table = _read(home / TOML_NAME)
    return {name: _source(name, table) for name in Settings.model_fields}


def _source(name: str, table: Mapping[str, Any]) -> Source:
    if os.environ.get(f"DUOMO_{name.upper()}"):
        return "environment"
    return "file" if name in table else "default"


def change(home: Path, changes: Mapping[str, Any], check: Callable[[Settings], None]) -> None:
    """Write `changes` into `home`'s file (None: back to the default).

    `check` raises when an engine could not start so. Raises InvalidRequest when a value is
    refused, or is not for a page to change, and DiskFull. Nothing is written then.
    """
    for name in changes:
        _check(name)
    with _lock:
        document = _read(home / TOML_NAME)
        for name, value in changes.items():
            document.pop(name, None)
            if value is not None:
                document[name] = value
        check(load_settings(**{**document.unwrap(), "home": home}))
        _write(home / TOML_NAME, tomlkit.dumps(document))


def _check(name: str) -> None:
    if name not in Settings.model_fields:
        raise InvalidRequest(f"没有 {name} 这个设置。", f"There is no setting {name}.")
    if name in BY_HAND:
        raise InvalidRequest(
            f"{name} 关系到谁能连上引擎，只能在 {TOML_NAME} 里手工修改。",
            f"{name} decides who can reach the engine: change it in {TOML_NAME} by hand.",
        )
    if source := os.environ.get(f"DUOMO_{name.upper()}"):
        raise InvalidRequest(
            f"{name} 现在由环境变量 DUOMO_{name.upper()} 决定（{source[:40]}），在这里改不了。",
            f"{name} is set by the environment variable DUOMO_{name.upper()}: change it there.",
        )


def _read(file: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(file.read_text("utf-8"))
    except FileNotFoundError:
        return tomlkit.document()
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise InvalidRequest(
            f"{file} 读不懂：{error}。请先改好这个文件。",
            f"{file} cannot be read: {error}. Mend the file first.",
        ) from error


def _write(file: Path, text: str) -> None:
    """In one step: a reader sees the old file or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.partial")
    try:
        with partial.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        partial.chmod(0o600)
        partial.replace(file)
    except OSError as error:
        raise DiskFull(
            f"设置没能存下来：{error.strerror}。磁盘满了，或者目录不可写。",
            f"The settings could not be saved: {error.strerror}.",
        ) from error


def _alternatives(field: FieldInfo) -> tuple[Any, ...]:
    """The annotation, or its parts where None may stand instead."""
    parts = get_args(field.annotation)
    return parts if NoneType in parts else (field.annotation,)


def _plain(field: FieldInfo) -> Any:
    first = next(part for part in _alternatives(field) if part is not NoneType)
    return get_origin(first) or first
