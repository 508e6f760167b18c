"""What goes over the wire: one pydantic model per shape, read by the server and the client alike.

Here what all of them share; the shapes themselves are in the `…_schemas.py` beside it, by subject.

Plain data only. Nothing here imports torch, the agent or the tools, so that a user interface
that speaks to the engine stays light. Times are seconds since the Unix epoch, sizes are bytes.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

JobState = Literal["queued", "running", "finished", "failed", "cancelled"]

Sha256 = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the file, lower-case hex")


class Wire(BaseModel):
    """Base: immutable; a field that a newer engine adds is ignored by an older client."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ErrorView(Wire):
    """What went wrong, for people in two languages; `code` is stable, for programs."""

    code: str
    zh: str
    en: str


class ErrorBody(Wire):
    error: ErrorView


class Words(Wire):
    """One sentence in both languages."""

    model_config = ConfigDict(from_attributes=True)

    zh: str
    en: str
