"""One picture of the library, closely: what its file says, what is written in it, what it is like.

Where a photograph was taken is never told: only that its file says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import ExifTags, Image

from models.errors import InputError, InvalidRequest, NotFound
from retrieval.media import open_picture
from retrieval.records import Hit, Record
from retrieval.wanted import Wanted
from tools.artifacts import Artifact, ArtifactStore, Lineage
from tools.bundle import MAX_FILES, Entry, write_bundle
from tools.labels import read_label
from tools.location import without_location
from tools.sniff import IMAGE_MIMES

if TYPE_CHECKING:
    from models.residency import Residency
    from retrieval.library import Library

NEAR = 0.95
"""Least cosine of a near-duplicate: the same scene again, a crop, another size."""
_MOST_NEAR = 12
_CAMERA = {
    "make": ExifTags.Base.Make,
    "model": ExifTags.Base.Model,
    "software": ExifTags.Base.Software,
}
_SHOT = {
    "lens": ExifTags.Base.LensModel,
    "exposure": ExifTags.Base.ExposureTime,
    "aperture": ExifTags.Base.FNumber,
    "iso": ExifTags.Base.ISOSpeedRatings,
    "focal_length": ExifTags.Base.FocalLength,
    "taken": ExifTags.Base.DateTimeOriginal,
}
_LONGEST = 120  # characters of one value: EXIF is untrusted


@dataclass(frozen=True)
class Detail:
    """`exif`: names of `_CAMERA` and `_SHOT` → words. `located`: the file says where it was taken.
    `text` None: nobody has read it yet. `artifact`: its SHA-256 where the store has it, too."""

    record: Record
    exif: dict[str, str]
    located: bool
    colours: tuple[str, ...] | None
    text: str | None
    label: bool
    copies: tuple[Record, ...]
    near: tuple[Hit, ...]
    artifact: Artifact | None


class Pictures:
    """`library` is opened when first needed."""

    def __init__(
        self, library: "Callable[[], Library]", artifacts: ArtifactStore, residency: "Residency"
    ) -> None:
        self._library = library
        self._artifacts = artifacts
        self._residency = residency

    def detail(self, image_id: int) -> Detail:
        """`NotFound` when the library does not hold it, or its file is gone."""
        library = self._library()
        record = library.get(image_id)
        data = _read(record)
        looks = library.browser.looks(record.sha256)
        copies = library.browser.copies(record.sha256)
        return Detail(
            record=record,
            exif=exif_of(record.path),
            located=without_location(data) is not data,
            colours=looks.colours,
            text=looks.text,
            label=read_label(data) is not None,
            copies=tuple(copy for copy in copies if copy.image_id != image_id),
            near=self._near(record),
            artifact=self._artifact(record.sha256),
        )

    def read_text(self, image_id: int) -> str:
        """The writing in a picture, line by line, kept in the library; empty when there is none.

        `InvalidRequest` where the profile has no checkpoint that reads.
        """
        if not self._residency.has("ocr"):
            raise InvalidRequest(
                "这个配置里没有识字的模型。", "This profile has no checkpoint that reads text."
            )
        record = self._library().get(image_id)
        picture = open_picture(_there(record).path)
        with self._residency.lease("ocr") as recognizer:
            text = "\n".join(line.text for line in recognizer.read(picture))
        self._library().keep_text(record.sha256, text)
        return text

    def keep(self, image_id: int) -> Artifact:
        """A copy in the artifact store, to be attached to a conversation."""
        record = _there(self._library().get(image_id))
        lineage = Lineage(source=f"library:{record.path}")
        return self._artifacts.put(
            record.path, kind="image", name=record.path.name, lineage=lineage
        )

    def bundle(self, image_ids: Sequence[int], target: Path, *, visible_label: bool) -> int:
        """A zip of files of the library, without places; how many. Raises as `write_bundle`."""
        records = self._library().browser.records(image_ids[:MAX_FILES])
        entries = (
            Entry(record.path, record.path.name, IMAGE_MIMES[record.format]) for record in records
        )
        return write_bundle(entries, target, visible_label=visible_label)

    def _near(self, record: Record) -> tuple[Hit, ...]:
        library = self._library()
        wanted = Wanted(likeness=library.likeness(record.image_id))
        hits = library.find(wanted, _MOST_NEAR, exclude={record.sha256})
        return tuple(hit for hit in hits if hit.score >= NEAR)

    def _artifact(self, sha256: str) -> Artifact | None:
        try:
            return self._artifacts.get(sha256)
        except NotFound:
            return None


def exif_of(path: Path) -> dict[str, str]:
    """What the camera wrote, but not where; empty where there is nothing or it is broken."""
    try:
        with Image.open(path) as image:
            exif = image.getexif()
            shot = exif.get_ifd(ExifTags.IFD.Exif)
            found = {name: exif.get(tag) for name, tag in _CAMERA.items()}
            found |= {name: shot.get(tag) for name, tag in _SHOT.items()}
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError):
        return {}
    words = {name: _words(name, value) for name, value in found.items()}
    return {name: word for name, word in words.items() if word}


def _words(name: str, value: object) -> str:
    """`1/250`, `2.8`, `ILCE-7M4`."""
    if value is None or isinstance(value, bytes | tuple):
        return ""
    try:
        if name == "exposure":
            seconds = Fraction(str(value)).limit_denominator(10_000)
            return str(seconds) if seconds < 1 else f"{float(seconds):g}"
        if name in {"aperture", "focal_length"}:
            return f"{float(str(value)):g}"
    except (ValueError, ArithmeticError):
        return ""
    return str(value).strip("\0 ")[:_LONGEST]


def _there(record: Record) -> Record:
    if not record.path.is_file():
        raise _gone()
    return record


def _read(record: Record) -> bytes:
    try:
        return record.path.read_bytes()
    except OSError as error:
        raise _gone() from error


def _gone() -> InputError:
    return NotFound(
        "这张图片的文件不在了，或者现在读不到。再索引一次会更新图库。",
        "The file of this picture is gone or out of reach. Indexing again brings the library up "
        "to date.",
    )
