"""What goes over the wire about the engine itself: health, abilities, device and cache."""

from typing import Any, Literal

from pydantic import Field

from api.schemas import ErrorView, Wire, Words


class Health(Wire):
    status: Literal["ok"] = "ok"
    version: str
    home_id: str = Field(description="Which data directory this engine serves (a short digest)")


class Readiness(Wire):
    """Ready once the models of a first question are warm; `loading` says what is not yet."""

    ready: bool
    loading: tuple[str, ...] = ()
    problems: tuple[ErrorView, ...] = ()


# About and device


class ToolView(Wire):
    name: str
    title_zh: str
    title_en: str
    icon: str = Field(description="Name of a Material symbol")
    parameters: dict[str, Any] = Field(
        default={}, description="JSON schema of its arguments, descriptions in Chinese"
    )
    limits: Words | None = Field(
        default=None, description="What the starter checkpoint behind it can't do"
    )


class CheckpointView(Wire):
    role: str
    name: str
    licence: str
    licence_limits: str | None = None
    languages: tuple[str, ...] = ()
    present: bool
    note: Words | None = None


class LanguageServerView(Wire):
    """The server that answers in place of this machine's language model."""

    host: str
    model: str
    leaves: bool = Field(description="True when it is on another machine: what is said goes there")


class About(Wire):
    version: str
    profile: str
    starter: bool = Field(description="True when a small starter checkpoint serves any role")
    notes: tuple[Words, ...] = ()
    tools: tuple[ToolView, ...] = ()
    absent_tools: tuple[ToolView, ...] = Field(
        default=(), description="Whose checkpoints the profile lacks; a call says so"
    )
    checkpoints: tuple[CheckpointView, ...] = ()
    language_server: LanguageServerView | None = None
    max_upload_bytes: int


class ResidentView(Wire):
    checkpoint: str
    role: str
    bytes: int
    leased: bool
    idle_seconds: float


class ParkedView(Wire):
    """Weights that wait in host memory."""

    checkpoint: str
    role: str
    bytes: int


class SwapView(Wire):
    """A checkpoint that came (`way` disk, host) or went (evicted, idle, relief), `ago` seconds."""

    checkpoint: str
    way: str
    bytes: int
    ago: float
    seconds: float


class WaitingView(Wire):
    role: str
    waiting_seconds: float


class DeviceView(Wire):
    device: str
    budget_bytes: int
    used_bytes: int
    residents: tuple[ResidentView, ...] = ()
    parked: tuple[ParkedView, ...] = ()
    queue: tuple[WaitingView, ...] = ()
    swaps: int = 0
    history: tuple[SwapView, ...] = Field(default=(), description="The latest, oldest first")


class CacheView(Wire):
    """Answers of tools that are kept."""

    entries: int
    bytes: int
    limit_bytes: int
