"""A conversation as one zip: what people read, the files, and all that brings it back whole.

    对话.md or conversation.md    the words, with links to the files
    files/img-1.png …             as they leave: with their AI-content label, without GPS
    duomo.json                    `Bundle`: turns, steps, feedback, handles, lineage

Files are named by the SHA-256 of what leaves, everywhere in `duomo.json`: a zip speaks of nothing
that is not in it. Paths of the person's disk stay behind, of a library picture only its name goes.
"""

from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MANIFEST = "duomo.json"
MAX_RUNS, MAX_EVENTS, MAX_FILES = 10_000, 500_000, 10_000
MAX_MANIFEST_BYTES = 128 * 2**20
MAX_BYTES = 2 * 2**30
"""Of all files together, unpacked; and of the zip."""

LEFT_OUT = frozenset({"ACTIVITY_SNAPSHOT"})  # progress: nothing of it is left when a run has ended
_LIBRARY = "library:"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Id = Annotated[str, Field(min_length=1, max_length=128)]
Short = Annotated[str, Field(max_length=500)]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class BundledLineage(Part):
    """`tools.artifacts.Lineage`."""

    tool: Short | None = None
    arguments: dict[str, Any] | None = None
    checkpoint: Short | None = None
    revision: Short | None = None
    seed: int | None = None
    parents: list[Sha256] = Field(default=[], max_length=64)
    rerun_of: list[Sha256] = Field(default=[], max_length=64)
    source: Annotated[str, Field(pattern=r"^(upload|tool|preview|library:[^/\\]{1,255})$")]
    prompt: Annotated[str, Field(max_length=20_000)] | None = None


class BundledFile(Part):
    handles: list[Annotated[str, Field(pattern=r"^(img|aud)-[1-9]\d{0,5}$")]] = Field(min_length=1)
    sha256: Sha256
    path: Annotated[str, Field(pattern=r"^files/[^/\\]{1,120}$")]
    kind: Literal["image", "audio"]
    mime: Short
    name: Short
    lineage: BundledLineage


class BundledEvent(Part):
    created: float
    event: dict[str, Any]


class BundledFeedback(Part):
    """`agent.feedback.Feedback`."""

    verdict: Literal["up", "down"]
    note: Annotated[str, Field(max_length=1000)] = ""
    updated: float


class BundledRun(Part):
    id: Id
    state: Literal["finished", "failed", "cancelled"]
    reason: Annotated[str, Field(max_length=2000)] | None = None
    created: float
    ended: float
    events: list[BundledEvent] = Field(max_length=MAX_EVENTS)
    feedback: BundledFeedback | None = None


class Bundle(Part):
    format: Literal["duomo-conversation"] = "duomo-conversation"
    version: Literal[1] = 1
    title: Annotated[str, Field(max_length=200)]
    created: float
    updated: float
    handles: list[str] = Field(max_length=MAX_FILES, description="In order of appearance")
    files: list[BundledFile] = Field(max_length=MAX_FILES)
    runs: list[BundledRun] = Field(max_length=MAX_RUNS)


def renamed(value: Any, names: dict[str, str]) -> Any:
    """`value` (JSON) with every string that is a key of `names` replaced."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, dict):
        return {key: renamed(item, names) for key, item in value.items()}
    return [renamed(item, names) for item in value] if isinstance(value, list) else value


def without_paths(details: Any) -> Any:
    """Details of a step: of a `path` on this disk, the file's name is all that goes."""
    if isinstance(details, dict):
        return {
            key: PurePath(item).name
            if key == "path" and isinstance(item, str)
            else without_paths(item)
            for key, item in details.items()
        }
    return [without_paths(item) for item in details] if isinstance(details, list) else details


def source_that_leaves(source: str) -> str:
    """Of a library picture its name; it may say nothing about the disk it came from."""
    if not source.startswith(_LIBRARY):
        return source
    return _LIBRARY + (PurePath(source.removeprefix(_LIBRARY)).name[-255:] or "picture")
