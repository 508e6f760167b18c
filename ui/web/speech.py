"""Answers read aloud, handed on by the page's server: browsers never talk to the engine."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.client import Client
from duomo.settings import Settings
from models.errors import DuomoError, NotFound
from ui.web.thumbnails import from_here

PATH = "/duomo-speech"


def routes(settings: Settings, client: Client) -> list[Route]:
    hosts = frozenset(settings.served_hosts)
    return [Route(f"{PATH}/{{run_id}}/{{number:int}}", partial(_sentence, client, hosts))]


def _sentence(client: Client, hosts: frozenset[str], request: Request) -> Response:
    """202 for what is not written yet; 204 past the end, which is no error."""
    if not from_here(hosts, request):
        return Response(status_code=403)
    try:
        sound = client.speech(request.path_params["run_id"], request.path_params["number"])
    except NotFound:
        return Response(status_code=204)
    except DuomoError:
        return Response(status_code=503)
    if sound is None:
        return Response(status_code=202)
    return Response(sound, media_type="audio/wav", headers={"Cache-Control": "no-store"})
