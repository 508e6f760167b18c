"""The settings over the wire: what each is called, may be, is now, and will be after a restart."""

from typing import Any, Literal

from pydantic import Field

from api.schemas import Wire, Words

Kind = Literal["text", "secret", "integer", "number", "boolean", "bytes", "list", "table"]


class SettingView(Wire):
    """`value` is what holds from the next start on, as it would be written in the file."""

    name: str
    kind: Kind
    value: Any
    default: Any
    source: Literal["default", "file", "environment"]
    editable: bool = Field(description="False for what is changed in the file alone")
    pending: bool = Field(description="True when the running engine still has another value")
    optional: bool = Field(description="True when null is a value")
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    description: Words


class SettingsView(Wire):
    file: str = Field(description="Where the settings stand")
    restartable: bool = Field(description="True when somebody starts the engine again if it ends")
    settings: tuple[SettingView, ...]


class NewSettings(Wire):
    values: dict[str, Any] = Field(max_length=64, description="null: back to the default")
