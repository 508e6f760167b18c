"""What goes over the wire about checkpoints: what there is, what is fetched, what was removed."""

from typing import Literal

from pydantic import Field

from api.schemas import ErrorView, Wire, Words


class ModelView(Wire):
    """A catalogue entry and what is here of it."""

    name: str
    role: str
    state: Literal["here", "partial", "missing", "broken"]
    origin: Literal["bundled", "pulled", "folder", "own"]
    bytes: int = Field(description="On this disk")
    known_bytes: int | None = Field(description="Of the whole, where no hub has to be asked")
    source: str
    licence: str
    licence_limits: str | None = None
    languages: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    note: Words | None = None


class ProfileView(Wire):
    name: str
    budget_bytes: int
    roles: dict[str, str] = Field(description="Role → name of a model")
    note: Words


class ModelsView(Wire):
    profile: str = Field(description="The one that the engine runs with")
    profiles: tuple[ProfileView, ...]
    models: tuple[ModelView, ...]
    free_bytes: int = Field(description="On the disk of the data directory")


class NewPull(Wire):
    names: tuple[str, ...] = Field(default=(), max_length=64)
    profile: str | None = None
    source: Literal["auto", "huggingface", "modelscope"] | None = None


class PullView(Wire):
    """The pull that runs, or the last one that ran."""

    id: str
    state: Literal["running", "finished", "failed", "cancelled"]
    names: tuple[str, ...]
    stage: Literal["asking", "checking", "fetching", "finishing"]
    checkpoint: str
    source: str
    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int
    rate: float | None = Field(description="Bytes a second")
    eta_seconds: float | None
    started: float
    ended: float | None = None
    error: ErrorView | None = None


class PullBody(Wire):
    job: PullView | None


class RemovedView(Wire):
    name: str
    freed_bytes: int
    kept: str | None = Field(description="What was left where it is, because it is not Duomo's")
