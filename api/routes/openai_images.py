"""OpenAI's form: pictures drawn from words, and pictures changed by a sentence."""

import base64
import time
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from api.host import EngineDep, HostDep
from api.openai.calling import called
from api.openai.errors import unsupported
from api.openai.forms import fields_of, file_in, form_of
from api.openai.media_schemas import EditRequest, ImageOptions, ImageRequest

if TYPE_CHECKING:
    from api.openai.telling import Telling
    from duomo.engine import Engine

router = APIRouter(prefix="/v1/images", tags=["openai"])


@router.post("/generations", summary="Draw")
async def generations(
    request: Request, host: HostDep, engine: EngineDep, body: ImageRequest
) -> dict[str, Any]:
    """`seed` and `negative_prompt` are extensions."""
    told = await called(request, host, engine, "generate_image", [body.arguments()])
    return await run_in_threadpool(_images, engine, told, body)


@router.post("/edits", summary="Change a picture")
async def edits(request: Request, host: HostDep, engine: EngineDep) -> dict[str, Any]:
    """Multipart, one picture as `image`; `seed` and `strength` are extensions."""
    from duomo.programs import File  # late, like all of the engine

    async with form_of(request) as form:
        if "mask" in form:
            raise unsupported(
                "mask", "改图不看遮罩，请用一句话说改哪里。", "No masks: say what to change."
            )
        fields = fields_of(form, EditRequest)
        file = File(await file_in(form, "image"), "image")
    told = await called(request, host, engine, "edit_image", fields.arguments(), [file])
    return await run_in_threadpool(_images, engine, told, fields)


def _images(engine: "Engine", told: "Telling", wanted: ImageOptions) -> dict[str, Any]:
    prompts = [
        step["details"].get("prompt") for step in told.steps.values() for _ in step["artifacts"]
    ]
    return {
        "created": int(time.time()),
        "output_format": "png",
        "data": [
            {**_picture(engine, view, wanted), "revised_prompt": prompt}
            for view, prompt in zip(told.artifacts, prompts, strict=True)
        ],
        "duomo": told.extension(),
    }


def _picture(engine: "Engine", view: dict[str, Any], wanted: ImageOptions) -> dict[str, str]:
    if wanted.response_format == "url":
        return {"url": view["url"]}
    data = engine.export(view["sha256"]).read_bytes()
    return {"b64_json": base64.b64encode(data).decode()}
