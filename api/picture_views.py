"""Pictures and creations of the engine → what goes over the wire."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from api.picture_schemas import (
    ConversationTitleView,
    CreationDetail,
    PictureDetail,
    PicturePage,
    PictureView,
)
from api.views import artifact_info
from models.errors import NotFound

if TYPE_CHECKING:
    from duomo.engine import Engine
    from duomo.pictures import Detail
    from retrieval.browsing import Page
    from retrieval.library import Record
    from tools.artifacts import Artifact


def picture_view(record: "Record", score: float | None = None) -> PictureView:
    return PictureView(
        image_id=record.image_id,
        path=str(record.path).encode("utf-8", "replace").decode(),  # a name need not be text
        sha256=record.sha256,
        width=record.width,
        height=record.height,
        size_bytes=record.size_bytes,
        dated=record.dated,
        score=score,
    )


def picture_page(page: "Page", *, searched: bool) -> PicturePage:
    scores: Sequence[float | None] = page.scores or (None,) * len(page.records)
    views = tuple(map(picture_view, page.records, scores))
    return PicturePage(pictures=views, total=page.total, searched=searched)


def picture_detail(engine: "Engine", detail: "Detail") -> PictureDetail:
    near = engine.library.browser.records([hit.image_id for hit in detail.near])
    scores = {hit.image_id: hit.score for hit in detail.near}
    artifact = detail.artifact
    return PictureDetail(
        picture=picture_view(detail.record),
        format=detail.record.format,
        exif=detail.exif,
        located=detail.located,
        colours=detail.colours,
        text=detail.text,
        label=detail.label,
        copies=tuple(map(picture_view, detail.copies)),
        near=tuple(picture_view(record, scores[record.image_id]) for record in near),
        artifact=None if artifact is None else artifact_info(artifact),
        children=tuple(map(artifact_info, engine.creations.children(detail.record.sha256))),
    )


def creation_detail(engine: "Engine", sha256: str) -> CreationDetail:
    creation = engine.artifacts.get(sha256)
    parents = (_if_there(engine, parent) for parent in creation.lineage.parents)
    return CreationDetail(
        creation=artifact_info(creation),
        parents=tuple(artifact_info(parent) for parent in parents if parent is not None),
        children=tuple(map(artifact_info, engine.creations.children(sha256))),
        conversations=_shown_in(engine, sha256),
    )


def _if_there(engine: "Engine", sha256: str) -> "Artifact | None":
    try:
        return engine.artifacts.get(sha256)
    except NotFound:
        return None


def _shown_in(engine: "Engine", sha256: str) -> tuple[ConversationTitleView, ...]:
    """Those that are not deleted, the last used first."""
    ids = set(engine.creations.conversations(sha256))
    return tuple(
        ConversationTitleView(id=conversation.id, title=conversation.title)
        for conversation in engine.events.conversations.list()
        if conversation.id in ids
    )
