"""Words from a microphone, before anything is asked."""

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from api.artifact_schemas import Dictated
from api.host import EngineDep
from api.uploads import UPLOAD, uploaded

router = APIRouter(prefix="/api/dictation", tags=["dictation"])


@router.post("", summary="Write down a short recording; it is not kept", openapi_extra=UPLOAD)
async def write_down(request: Request, engine: EngineDep) -> Dictated:
    """Two minutes at most; empty where no words were heard."""
    async with uploaded(request, engine.incoming_dir) as (file, _):
        return Dictated(text=await run_in_threadpool(engine.dictation.write_down, file))
