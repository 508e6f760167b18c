"""What this engine is, what its device does, and the pictures it comes with."""

from typing import TYPE_CHECKING

from fastapi import APIRouter, Response

from api.host import EngineDep
from api.library_schemas import GalleryPicture, GalleryView
from api.routes.artifacts import CHANGING, Size
from api.schemas import Words
from api.system_schemas import About, DeviceView
from api.views import checkpoint_view, device_view, language_server_view, tool_view
from duomo.version import VERSION

if TYPE_CHECKING:
    from duomo.engine import Engine

router = APIRouter(prefix="/api", tags=["system"])


@router.get("/about", summary="Version, profile, tools, checkpoints")
def about(engine: EngineDep) -> About:
    checkpoints = engine.checkpoints()
    return About(
        version=VERSION,
        profile=engine.profile.name,
        starter=engine.is_starter(),
        notes=_notes(engine),
        tools=tuple(tool_view(tool, checkpoints) for tool in engine.tools.values()),
        absent_tools=tuple(map(tool_view, engine.absent_tools.values())),
        checkpoints=tuple(
            checkpoint_view(checkpoint, present=engine.is_present(checkpoint))
            for checkpoint in checkpoints
        ),
        language_server=language_server_view(engine.settings),
        max_upload_bytes=engine.settings.max_upload,
    )


def _notes(engine: "Engine") -> tuple[Words, ...]:
    """What to know about the profile, then about each checkpoint, each said once."""
    notes = [engine.profile.note, *(c.note for c in engine.checkpoints() if c.note is not None)]
    return tuple(dict.fromkeys(map(Words.model_validate, notes)))


@router.get("/device", summary="Memory, residents and the waiting line")
def device(engine: EngineDep) -> DeviceView:
    return device_view(engine.residency.state())


@router.get("/gallery", summary="Sample pictures and first questions")
def gallery(engine: EngineDep) -> GalleryView:
    return GalleryView(
        pictures=tuple(
            GalleryPicture(file=sample.file, caption=sample.caption, style=sample.style)
            for sample in engine.gallery.samples
        ),
        suggestions=engine.suggestions(),
    )


@router.get("/gallery/{file}/thumbnail", summary="A sample picture, small (WebP)")
def gallery_thumbnail(engine: EngineDep, file: str, size: Size = 512) -> Response:
    small = engine.gallery.thumbnail(file, size)
    return Response(small, media_type="image/webp", headers=CHANGING)
