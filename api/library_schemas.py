"""What goes over the wire about the picture library."""

from pydantic import Field

from api.schemas import ErrorView, JobState, Wire, Words


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
