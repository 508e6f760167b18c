"""The models: what is here, pull what is not, remove what is."""

import shutil
from typing import Annotated

from fastapi import APIRouter, Path

from api.host import EngineDep
from api.model_schemas import ModelsView, NewPull, PullBody, PullView, RemovedView
from api.views import model_view, profile_view, pull_view
from duomo.checkpoints import profiles_of

router = APIRouter(prefix="/api/models", tags=["models"])

Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9.-]*$", max_length=100)]


@router.get("", summary="Every model of the catalogue, and what is here of it")
def models(engine: EngineDep) -> ModelsView:
    return ModelsView(
        profile=engine.profile.name,
        profiles=tuple(map(profile_view, profiles_of(engine.settings).values())),
        models=tuple(map(model_view, engine.inventory().items())),
        free_bytes=shutil.disk_usage(engine.settings.home).free,
    )


@router.post("/pull", status_code=202, summary="Fetch models from a hub, in the background")
def start_pull(engine: EngineDep, body: NewPull) -> PullView:
    view = pull_view(engine.pulls.start(body.names, body.profile, body.source))
    assert view is not None
    return view


@router.get("/pull", summary="The pull that runs, or the last one")
def pull(engine: EngineDep) -> PullBody:
    return PullBody(job=pull_view(engine.pulls.job()))


@router.post("/pull/cancel", summary="Stop the pull; what came is kept")
def cancel_pull(engine: EngineDep) -> PullBody:
    engine.pulls.cancel()
    return PullBody(job=pull_view(engine.pulls.job()))


@router.delete("/{name}", summary="Delete what was pulled, or forget a registered folder")
def remove(engine: EngineDep, name: Name) -> RemovedView:
    removed = engine.remove_checkpoint(name)
    kept = None if removed.kept is None else str(removed.kept)
    return RemovedView(name=removed.name, freed_bytes=removed.freed_bytes, kept=kept)
