"""The picture library: search it, index folders, see what could not be read."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.host import EngineDep
from api.library_schemas import (
    HitList,
    IndexJob,
    IndexJobBody,
    LibraryView,
    NewIndex,
    UnreadableList,
    UnreadableView,
)
from api.routes.artifacts import CHANGING, Size
from api.schemas import Words
from api.views import hit_views, job_view

router = APIRouter(prefix="/api/library", tags=["library"])

Query_ = Annotated[str, Query(min_length=1, max_length=500, description="A Chinese sentence")]
Sha256_ = Annotated[str, Query(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of an artifact")]
TopK = Annotated[int, Query(ge=1, le=200)]
Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0)]


@router.get("", summary="What is in it, and the indexing job")
def library(engine: EngineDep) -> LibraryView:
    stats = engine.library.stats()
    return LibraryView(
        images=stats.pictures,
        pending=stats.pending,
        unreadable=stats.unreadable,
        folders=tuple(map(str, stats.folders)),
        embedder=stats.embedder,
        notices=tuple(Words(zh=notice.zh, en=notice.en) for notice in stats.notices),
        starter=engine.is_starter("clip"),
        job=job_view(engine.indexing.job()),
    )


@router.get("/search", summary="Search pictures by a sentence")
def search(engine: EngineDep, q: Query_, top_k: TopK = 12) -> HitList:
    return HitList(hits=hit_views(engine.library.search_text(q, top_k)))


@router.get("/similar", summary="Pictures like one that was uploaded")
def similar(engine: EngineDep, image: Sha256_, top_k: TopK = 12) -> HitList:
    engine.artifacts.get(image)
    picture = engine.artifacts.open_image(image)
    return HitList(hits=hit_views(engine.library.search_image(picture, top_k)))


@router.post("/index", status_code=202, summary="Index folders of this machine")
def start_index(engine: EngineDep, body: NewIndex) -> IndexJob:
    job = job_view(engine.indexing.start([Path(folder) for folder in body.folders]))
    assert job is not None
    return job


@router.get("/index", summary="The indexing job that runs, or the last one")
def index_job(engine: EngineDep) -> IndexJobBody:
    return IndexJobBody(job=job_view(engine.indexing.job()))


@router.post("/index/cancel", summary="Stop indexing; what is indexed stays")
def cancel_index(engine: EngineDep) -> IndexJobBody:
    engine.indexing.cancel()
    return IndexJobBody(job=job_view(engine.indexing.job()))


@router.get("/images/{image_id}/thumbnail", summary="A small picture (WebP)")
def thumbnail(engine: EngineDep, image_id: int, size: Size = 512) -> Response:
    small = engine.library_thumbnail(image_id, size)
    return Response(small, media_type="image/webp", headers=CHANGING)


@router.get("/unreadable", summary="Files that could not be indexed, and why")
def unreadable(engine: EngineDep, limit: Limit = 100, offset: Offset = 0) -> UnreadableList:
    found = engine.library.unreadable(limit, offset)
    views = (
        UnreadableView(path=str(file.path), code=file.code, zh=file.zh, en=file.en)
        for file in found
    )
    return UnreadableList(unreadable=tuple(views))
