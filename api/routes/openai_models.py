"""OpenAI's form: the models that may be asked for words."""

from typing import Any

from fastapi import APIRouter

from api.openai import models

router = APIRouter(prefix="/v1", tags=["openai"])


@router.get("/models", summary="Models")
def listed() -> dict[str, Any]:
    """`duomo` has the tools, `duomo-llm` is the language model alone."""
    return {"object": "list", "data": models.views()}


@router.get("/models/{name}", summary="One model")
def model(name: str) -> dict[str, Any]:
    return models.view(name)
