"""OpenAI's form: sentences and pictures as vectors of one space, that of the picture library."""

import base64
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from api.host import EngineDep
from api.openai.errors import unsupported
from api.openai.following import unless_gone
from api.openai.media import MediaRules
from api.openai.media_schemas import MAX_PICTURES, EmbeddingRequest
from api.openai.waiting import Waiter
from models.errors import InvalidRequest

if TYPE_CHECKING:
    from duomo.embedding import Embedded, Vectors
    from duomo.engine import Engine

router = APIRouter(prefix="/v1", tags=["openai"])


@router.post("/embeddings", summary="Embed sentences and pictures")
async def embeddings(request: Request, engine: EngineDep, body: EmbeddingRequest) -> dict[str, Any]:
    """An input that is a data: URL of a picture is embedded as that picture."""
    waiter = Waiter()
    try:
        found = await unless_gone(request, run_in_threadpool(_embedded, engine, body.input, waiter))
    finally:
        waiter.cancel.set()
    dimension = found.vectors.shape[1]
    if body.dimensions not in (None, dimension):
        raise unsupported(
            "dimensions",
            f"这个模型的向量是 {dimension} 维的，不能改。",
            f"Vectors of this model have {dimension} dimensions, and no other number.",
        )
    data = [
        {"object": "embedding", "index": n, "embedding": _written(row, body.encoding_format)}
        for n, row in enumerate(found.vectors)
    ]
    usage = {"prompt_tokens": 0, "total_tokens": 0}  # CLIP's are not counted
    return {"object": "list", "data": data, "model": found.model, "usage": usage}


def _embedded(engine: "Engine", inputs: tuple[str, ...], waiter: Waiter) -> "Embedded":
    from duomo.embedding import embed  # late, like all of the engine

    rules = MediaRules(engine.settings.served_hosts, engine.settings.max_upload)
    pictures = sum(one.startswith("data:") for one in inputs)
    if pictures > MAX_PICTURES:
        raise InvalidRequest(
            f"一次最多 {MAX_PICTURES} 张图，请分几次。",
            f"At most {MAX_PICTURES} pictures at a time.",
        )
    read = [rules.picture(one) if one.startswith("data:") else one for one in inputs]
    return embed(engine.residency, read, waiter)


def _written(row: "Vectors", encoding: str) -> list[float] | str:
    """Numbers, or base64 of little-endian float32."""
    if encoding == "float":
        return [float(number) for number in row]
    return base64.b64encode(row.astype("<f4").tobytes()).decode()
