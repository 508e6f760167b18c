"""Everything that was made here, across conversations."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse

from api.host import EngineDep
from api.picture_schemas import (
    ChosenArtifacts,
    CreationDetail,
    CreationPage,
    CreationQuery,
    DeletedCreations,
)
from api.picture_views import creation_detail
from api.views import artifact_info
from api.zipped import zipped

router = APIRouter(prefix="/api/creations", tags=["creations"])


@router.get("", summary="A page of creations, the newest first")
def creations(engine: EngineDep, query: Annotated[CreationQuery, Query()]) -> CreationPage:
    from tools.creations import Wish

    wish = Wish(query.words, query.tool, query.checkpoint, query.after, query.before)
    made = engine.creations.search(wish, query.limit, query.offset)
    tools, checkpoints = engine.creations.makers()
    return CreationPage(
        creations=tuple(artifact_info(engine.artifacts.get(sha256)) for sha256 in made.sha256s),
        total=made.total,
        tools=tools,
        checkpoints=checkpoints,
    )


@router.get("/{sha256}", summary="All that is known of one, its parents and children")
def detail(engine: EngineDep, sha256: str) -> CreationDetail:
    return creation_detail(engine, sha256)


@router.post("/delete", summary="Delete for good: file, parameters and all that was derived")
def delete(engine: EngineDep, body: ChosenArtifacts) -> DeletedCreations:
    """A conversation that shows one keeps its words; the picture's place says that it is gone."""
    return DeletedCreations(deleted=engine.creations.delete(body.sha256s))


@router.post("/bundle", summary="Files as a zip, labels kept", response_class=FileResponse)
def bundle(engine: EngineDep, body: ChosenArtifacts) -> Response:
    from tools.bundle import Entry, write_bundle

    found = [engine.artifacts.get(sha256) for sha256 in body.sha256s]
    entries = [Entry(engine.artifacts.path(a.sha256), a.name, a.mime) for a in found]
    visible = engine.settings.visible_labels
    return zipped(
        engine,
        "duomo-creations.zip",
        lambda target: write_bundle(entries, target, visible_label=visible),
    )
