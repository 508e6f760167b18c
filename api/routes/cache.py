"""What tools remember of questions that were asked before."""

from typing import TYPE_CHECKING

from fastapi import APIRouter

from api.host import EngineDep
from api.system_schemas import CacheView

if TYPE_CHECKING:
    from tools.answer_cache import CacheStats

router = APIRouter(prefix="/api/cache", tags=["cache"])


@router.get("", summary="How many answers are kept, and their size")
def cache(engine: EngineDep) -> CacheView:
    return _view(engine.answers.stats())


@router.delete("", summary="Forget them all; returns what there was")
def clear_cache(engine: EngineDep) -> CacheView:
    return _view(engine.answers.clear())


def _view(stats: "CacheStats") -> CacheView:
    return CacheView(entries=stats.entries, bytes=stats.bytes, limit_bytes=stats.limit)
