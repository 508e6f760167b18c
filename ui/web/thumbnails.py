"""Thumbnails for grids, handed on by the page's server: browsers never talk to the engine.

Only small pictures pass, only to pages of this server's own names, and never to another site.
"""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.artifact_schemas import ArtifactInfo
from api.client import Client
from duomo.settings import Settings
from models.errors import DuomoError, EngineUnavailable

PATH = "/duomo-thumbnails"
SIDE = 256
"""px: a tile is at most 170 wide, and screens show two or three of theirs for one."""
_HEADERS = {
    "Cache-Control": "private, max-age=86400",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def library_thumbnail(image_id: int, sha256: str) -> str:
    """The hash makes it another address when the file changes."""
    return f"{PATH}/library/{image_id}?v={sha256[:16]}"


def artifact_thumbnail(artifact: ArtifactInfo) -> str:
    return f"{PATH}/artifact/{artifact.sha256}" if artifact.kind == "image" else ""


def routes(settings: Settings, client: Client) -> list[Route]:
    hosts = frozenset(settings.served_hosts)
    return [
        Route(f"{PATH}/library/{{id:int}}", partial(_library, client, hosts)),
        Route(f"{PATH}/artifact/{{id}}", partial(_artifact, client, hosts)),
    ]


def _library(client: Client, hosts: frozenset[str], request: Request) -> Response:
    number: int = request.path_params["id"]
    return _answer(hosts, request, partial(client.library_thumbnail, number, SIDE))


def _artifact(client: Client, hosts: frozenset[str], request: Request) -> Response:
    sha256: str = request.path_params["id"]
    return _answer(hosts, request, partial(client.thumbnail, sha256, SIDE))


def from_here(hosts: frozenset[str], request: Request) -> bool:
    """Whether a page of ours asks: under a name of this server, and no other site."""
    name = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
    return name.lower() in hosts and request.headers.get("sec-fetch-site") != "cross-site"


def _answer(hosts: frozenset[str], request: Request, fetch: "partial[bytes]") -> Response:
    if not from_here(hosts, request):
        return Response(status_code=403)
    try:
        return Response(fetch(), media_type="image/webp", headers=_HEADERS)
    except EngineUnavailable:
        return Response(status_code=503)
    except DuomoError:
        return Response(status_code=404)
