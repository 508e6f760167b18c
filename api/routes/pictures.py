"""Pictures of the library: leaf through, search, look closely, take along."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse

from api.artifact_schemas import ArtifactInfo
from api.host import EngineDep
from api.picture_schemas import (
    Chosen,
    FolderList,
    FolderPath,
    ForgottenFolder,
    PictureDetail,
    PicturePage,
    PictureQuery,
    PictureText,
)
from api.picture_views import picture_detail, picture_page
from api.views import artifact_info
from api.zipped import zipped

if TYPE_CHECKING:
    from duomo.engine import Engine
    from retrieval.library import Filters
    from retrieval.wanted import Wanted

router = APIRouter(prefix="/api/library", tags=["pictures"])


@router.get("/pictures", summary="A page of pictures, filtered, searched and in an order")
def pictures(engine: EngineDep, query: Annotated[PictureQuery, Query()]) -> PicturePage:
    """Words and picture together rank by the weighted sum of their unit vectors; a word after a
    minus sign counts against."""
    from retrieval.searching import search_page

    wanted, filters = _wanted(engine, query), _filters(query)
    order: Any = None if query.order == "relevance" else query.order
    if wanted.is_empty:
        page = engine.library.page(query.limit, query.offset, filters, order or "newest")
    else:
        page = search_page(engine.library, wanted, query.limit, query.offset, filters, order)
    return picture_page(page, searched=not wanted.is_empty)


def _wanted(engine: "Engine", query: PictureQuery) -> "Wanted":
    from retrieval.wanted import Wanted, read_words

    text, without = read_words(query.q)
    likeness = None
    if query.like is not None:
        engine.artifacts.get(query.like)
        likeness = engine.library.likeness(engine.artifacts.open_image(query.like))
    elif query.image is not None:
        likeness = engine.library.likeness(query.image)
    return Wanted(text=text, likeness=likeness, weight=query.weight, without=without)


def _filters(query: PictureQuery) -> "Filters":
    from retrieval.library import Filters

    return Filters(
        folder=query.folder,
        after=query.after,
        before=query.before,
        min_width=query.min_side,
        min_height=query.min_side,
        orientation=query.orientation,
        has_text=query.has_text,
        colour=query.colour,
    )


@router.get("/folders", summary="Folders that are watched, and those that hold pictures")
def folders(engine: EngineDep) -> FolderList:
    return FolderList(
        folders=tuple(_text(folder) for folder in engine.library.stats().folders),
        inner=tuple(raw.decode("utf-8", "replace") for raw in engine.library.browser.folders()),
        live=engine.watching.is_live,
    )


@router.post("/folders/remove", summary="Take a folder out of the library; its files stay")
def remove_folder(engine: EngineDep, body: FolderPath) -> ForgottenFolder:
    engine.indexing.give_way()
    return ForgottenFolder(forgotten=engine.library.forget(Path(body.path)))


@router.get("/images/{image_id}", summary="One picture, closely; never where it was taken")
def detail(engine: EngineDep, image_id: int) -> PictureDetail:
    return picture_detail(engine, engine.pictures.detail(image_id))


@router.post("/images/{image_id}/text", summary="Read the writing in it, and remember it")
def read_text(engine: EngineDep, image_id: int) -> PictureText:
    return PictureText(text=engine.pictures.read_text(image_id))


@router.post("/images/{image_id}/keep", status_code=201, summary="A copy, to attach to a turn")
def keep(engine: EngineDep, image_id: int) -> ArtifactInfo:
    return artifact_info(engine.pictures.keep(image_id))


@router.post("/bundle", summary="Files as a zip, without places", response_class=FileResponse)
def bundle(engine: EngineDep, body: Chosen) -> Response:
    visible = engine.settings.visible_labels
    return zipped(
        engine,
        "duomo-pictures.zip",
        lambda target: engine.pictures.bundle(body.image_ids, target, visible_label=visible),
    )


def _text(path: Path) -> str:
    return str(path).encode("utf-8", "replace").decode()
