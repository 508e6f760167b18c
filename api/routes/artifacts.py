"""Artifacts: files go in once, come out for ever by their SHA-256."""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from api.artifact_schemas import ArtifactInfo
from api.host import EngineDep
from api.uploads import UPLOAD, uploaded
from api.views import artifact_info
from models.errors import NotFound

if TYPE_CHECKING:
    from tools.artifacts import Artifact

router = APIRouter(prefix="/api/artifacts", tags=["artifacts"])

Size = Annotated[int, Query(ge=16, le=2048, description="Longest side in pixels")]

Visible = Annotated[
    bool | None,
    Query(
        description="A mark on made content that people see or hear; without it, as settings say"
    ),
]

# A stored file is data, whatever it says it is: no script in it may run in this origin.
_INERT = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-site",
}
IMMUTABLE = {**_INERT, "Cache-Control": "private, max-age=31536000, immutable"}
CHANGING = {**_INERT, "Cache-Control": "private, max-age=60"}


@router.post(
    "",
    status_code=201,
    summary="Keep a picture or a sound",
    openapi_extra=UPLOAD,
)
async def upload(request: Request, engine: EngineDep) -> ArtifactInfo:
    """The kind is found from the bytes; name and declared type are only names."""
    async with uploaded(request, engine.incoming_dir) as (file, name):
        return artifact_info(await run_in_threadpool(engine.keep, file, name))


@router.get("/{sha256}", summary="The bytes, without GPS", response_class=FileResponse)
def content(
    engine: EngineDep, request: Request, sha256: str, visible_label: Visible = None
) -> Response:
    artifact = engine.artifacts.get(sha256)
    file = engine.export(sha256, visible_label=visible_label)
    headers = {**_lifetime(artifact), "ETag": f'"{file.name}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return FileResponse(
        file,
        media_type=artifact.mime,
        filename=artifact.name,
        content_disposition_type="inline",
        headers=headers,
    )


def _lifetime(artifact: "Artifact") -> dict[str, str]:
    """Made content looks otherwise once visible labels are switched on."""
    return CHANGING if artifact.label else IMMUTABLE


@router.get("/{sha256}/info", summary="What it is and where it comes from")
def info(engine: EngineDep, sha256: str) -> ArtifactInfo:
    return artifact_info(engine.artifacts.get(sha256))


@router.get("/{sha256}/thumbnail", summary="A small picture (WebP)")
def thumbnail(
    engine: EngineDep, sha256: str, size: Size = 512, visible_label: Visible = None
) -> Response:
    artifact = engine.artifacts.get(sha256)
    if artifact.kind != "image":
        raise NotFound("这不是图片，没有缩略图。", "Not a picture: it has no thumbnail.")
    small = engine.thumbnail(sha256, size, visible_label=visible_label)
    return Response(small, media_type="image/webp", headers=_lifetime(artifact))
