"""Is the engine alive, and can it answer a first question at once?"""

from fastapi import APIRouter, Request, Response

from api.errors import view_of
from api.host import HostDep
from api.system_schemas import Health, Readiness
from duomo.home import home_id
from duomo.version import VERSION
from models.errors import DuomoError

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Alive")
async def health(request: Request) -> Health:
    return Health(version=VERSION, home_id=home_id(request.app.state.settings.home))


@router.get("/readyz", summary="Ready: models warm (200), loading or broken (503)")
async def ready(host: HostDep, response: Response) -> Readiness:
    readiness = _readiness(host)
    response.status_code = 200 if readiness.ready else 503
    return readiness


def _readiness(host: HostDep) -> Readiness:
    try:
        engine = host.now()
    except DuomoError as error:
        return Readiness(ready=False, problems=(view_of(error),))
    if engine is None:
        return Readiness(ready=False, loading=("engine",))
    problems = tuple(view_of(error) for error in engine.warmup.problems())
    loading = engine.warmup.loading()
    return Readiness(ready=not loading and not problems, loading=loading, problems=problems)
