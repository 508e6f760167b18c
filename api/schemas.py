"""What goes over the wire: one pydantic model per shape, read by the server and the client alike.

Plain data only. Nothing here imports torch, the agent or the tools, so that a user interface
that speaks to the engine stays light. Times are seconds since the Unix epoch, sizes are bytes.
"""

from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

Source = Literal["person", "program"]
RunState = Literal["queued", "running", "waiting", "finished", "failed", "cancelled"]
JobState = Literal["queued", "running", "finished", "failed", "cancelled"]
ArtifactKind = Literal["image", "audio"]

MAX_TEXT = 20_000
"""Longest text of one turn, in characters."""
MAX_ATTACHMENTS = 16
"""Most attachments of one turn."""
MAX_TITLE = 200
"""Longest title of a conversation, in characters."""

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


# Health


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


# Models


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


# Artifacts


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
    arguments: dict[str, Any] = {}
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


# Conversations and runs


class ConversationView(Wire):
    id: str
    title: str
    created: float
    updated: float
    branch_of: str | None = Field(
        default=None, description="Id of the one it was branched off, which may be deleted by now"
    )


class ConversationList(Wire):
    conversations: tuple[ConversationView, ...]


class NewConversation(Wire):
    title: str = Field(default="", max_length=MAX_TITLE)


class ConversationTitle(Wire):
    title: str = Field(min_length=1, max_length=MAX_TITLE)


class NewRun(Wire):
    """One turn of a person: words, attachments, or both."""

    text: str = Field(default="", description=f"At most {MAX_TEXT} characters")
    attachments: tuple[str, ...] = Field(default=(), max_length=MAX_ATTACHMENTS)
    fresh: bool = Field(default=False, description="True: no tool may answer from its cache")


class StartedRun(Wire):
    run_id: str
    conversation_id: str


class Answer(Wire):
    """What a person says to a step that waits; `arguments` go with `change` alone."""

    choice: Literal["approve", "change", "skip"]
    arguments: dict[str, Any] | None = None


class NewRerun(Wire):
    """A step that has ended, once more with these arguments."""

    call_id: str
    arguments: dict[str, Any]


class NewDependants(Wire):
    """Which of the steps that a rerun offered; all of them when not said."""

    call_ids: tuple[str, ...] | None = Field(default=None, max_length=64)


class RunView(Wire):
    id: str
    conversation_id: str
    state: RunState
    reason: str | None = None
    created: float
    ended: float | None = None


class StoredEventView(Wire):
    """One event of the log; `event` is an AG-UI 1.0 event as it goes over the wire (camelCase)."""

    seq: int
    run_id: str = Field(
        validation_alias=AliasChoices("runId", "run_id"), serialization_alias="runId"
    )
    created: float
    event: dict[str, Any]


class EventList(Wire):
    events: tuple[StoredEventView, ...]


# Library


class NewIndex(Wire):
    folders: tuple[str, ...] = Field(min_length=1, max_length=64)


class IndexJob(Wire):
    """The indexing job that runs, or the last one that ran."""

    id: str
    state: JobState
    folders: tuple[str, ...]
    found: int = 0
    done: int = 0
    indexed: int = 0
    skipped: int = 0
    unreadable: int = 0
    rate: float | None = Field(default=None, description="Pictures a second")
    eta_seconds: float | None = None
    current: str | None = None
    started: float | None = None
    ended: float | None = None
    error: ErrorView | None = None


class IndexJobBody(Wire):
    job: IndexJob | None


class LibraryView(Wire):
    images: int
    pending: int = Field(default=0, description="Pictures that the embedder has not seen yet")
    unreadable: int
    folders: tuple[str, ...] = ()
    embedder: str
    notices: tuple[Words, ...] = Field(default=(), description="What was repaired on opening")
    starter: bool = Field(description="True: understands the illustrated world, not photos")
    job: IndexJob | None = None


class HitView(Wire):
    image_id: int
    path: str
    score: float = Field(description="Cosine between the query and the picture")
    width: int
    height: int
    sha256: str


class HitList(Wire):
    hits: tuple[HitView, ...]


class UnreadableView(Wire):
    """A file that could not be indexed, and why."""

    path: str
    code: str
    zh: str
    en: str


class UnreadableList(Wire):
    unreadable: tuple[UnreadableView, ...]


class GalleryPicture(Wire):
    """One picture that comes with Duomo; its thumbnail is `/api/gallery/{file}/thumbnail`."""

    file: str
    caption: str
    style: str = ""


class GalleryView(Wire):
    pictures: tuple[GalleryPicture, ...] = ()
    suggestions: tuple[str, ...] = Field(default=(), description="Chinese first questions to ask")
