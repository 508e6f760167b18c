"""What goes over the wire about files: found, attached or made."""

from typing import Any, Literal

from pydantic import Field

from api.schemas import Sha256, Wire

ArtifactKind = Literal["image", "audio"]


class ArtifactView(Wire):
    """A picture or a sound; `handle` (`img-1`) only where it belongs to a conversation."""

    handle: str | None = None
    sha256: str = Sha256
    kind: ArtifactKind
    mime: str
    name: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    label: bool = Field(default=False, description="Made by a model: carries the AI-content label")


class Dictated(Wire):
    text: str = Field(description="A line for each stretch of speech; empty where none was heard")


class LineageView(Wire):
    """Where an artifact comes from."""

    source: str
    tool: str | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)
    checkpoint: str | None = None
    revision: str | None = None
    seed: int | None = None
    parents: tuple[str, ...] = ()
    prompt: str | None = None
    rerun_of: tuple[str, ...] = Field(
        default=(), description="SHA-256 of the results in whose place it was made"
    )


class ArtifactInfo(ArtifactView):
    size_bytes: int
    created: float
    lineage: LineageView
