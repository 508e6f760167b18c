"""What goes over the wire about pictures of the library and about what was made here."""

from datetime import date
from typing import Literal

from pydantic import ConfigDict, Field

from api.artifact_schemas import ArtifactInfo
from api.schemas import Sha256, Wire

Colour = Literal[
    "red",
    "orange",
    "yellow",
    "green",
    "cyan",
    "blue",
    "purple",
    "pink",
    "brown",
    "black",
    "grey",
    "white",
]
Order = Literal["relevance", "newest", "oldest", "name", "largest", "smallest"]
Orientation = Literal["landscape", "portrait", "square"]
MAX_PAGE = 200
MAX_CHOSEN = 500
"""Most files of one zip, or deleted at once."""


class PictureQuery(Wire):
    """All that are given must hold. `q` may hold words that are not wanted: "雪山 -人"."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field(default="", max_length=500)
    image: int | None = Field(default=None, description="Like this picture of the library")
    like: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{64}$", description="Like this artifact (SHA-256)"
    )
    weight: float = Field(default=0.5, ge=0, le=1, description="Of the words against the picture")
    folder: str | None = Field(default=None, max_length=4096)
    after: date | None = None
    before: date | None = None
    min_side: int | None = Field(default=None, ge=1, description="Least width and height in px")
    orientation: Orientation | None = None
    has_text: bool | None = None
    colour: Colour | None = None
    order: Order = Field(default="relevance", description="Without a search: newest")
    limit: int = Field(default=60, ge=1, le=MAX_PAGE)
    offset: int = Field(default=0, ge=0)


class PictureView(Wire):
    """A file of the library. `score`: the cosine with what was looked for."""

    image_id: int
    path: str
    sha256: str = Sha256
    width: int
    height: int
    size_bytes: int
    dated: str = Field(description="2024-05-01T12:30:00, taken or else modified")
    score: float | None = None


class PicturePage(Wire):
    pictures: tuple[PictureView, ...]
    total: int
    searched: bool = Field(description="The nearest of all: everything is more or less like it")


class PictureDetail(Wire):
    picture: PictureView
    format: str
    exif: dict[str, str] = Field(description="What the camera wrote, but not where")
    located: bool = Field(description="The file says where it was taken; this never does")
    colours: tuple[str, ...] | None = None
    text: str | None = Field(default=None, description="Read in it; null: nobody has read it yet")
    label: bool = Field(description="Carries an AI-content label, whoever's")
    copies: tuple[PictureView, ...] = ()
    near: tuple[PictureView, ...] = Field(default=(), description="Near-duplicates, nearest first")
    artifact: ArtifactInfo | None = Field(default=None, description="The same file, made or used")
    children: tuple[ArtifactInfo, ...] = Field(default=(), description="What was made from it")


class PictureText(Wire):
    text: str


class Chosen(Wire):
    image_ids: tuple[int, ...] = Field(min_length=1, max_length=MAX_CHOSEN)


class FolderPath(Wire):
    path: str = Field(min_length=1, max_length=4096)


class FolderList(Wire):
    """`folders`: those that are watched; `inner`: every folder that directly holds pictures."""

    folders: tuple[str, ...]
    inner: tuple[str, ...]
    live: bool = Field(description="The system tells of changes; else folders are looked through")


class ForgottenFolder(Wire):
    forgotten: int = Field(description="Pictures that left the library; their files stay")


class CreationQuery(Wire):
    """All that are given must hold. `words`: each in the prompt, another argument or the name."""

    model_config = ConfigDict(extra="forbid")

    words: str = Field(default="", max_length=500)
    tool: str | None = Field(default=None, max_length=100)
    checkpoint: str | None = Field(default=None, max_length=200)
    after: date | None = None
    before: date | None = None
    limit: int = Field(default=60, ge=1, le=MAX_PAGE)
    offset: int = Field(default=0, ge=0)


class CreationPage(Wire):
    creations: tuple[ArtifactInfo, ...]
    total: int
    tools: tuple[str, ...] = Field(description="Those that made anything that is here")
    checkpoints: tuple[str, ...]


class ConversationTitleView(Wire):
    id: str
    title: str


class CreationDetail(Wire):
    creation: ArtifactInfo
    parents: tuple[ArtifactInfo, ...] = Field(description="Those that are still here")
    children: tuple[ArtifactInfo, ...] = ()
    conversations: tuple[ConversationTitleView, ...] = ()


class ChosenArtifacts(Wire):
    sha256s: tuple[str, ...] = Field(min_length=1, max_length=MAX_CHOSEN)


class DeletedCreations(Wire):
    deleted: int
