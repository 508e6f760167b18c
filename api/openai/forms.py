"""Multipart requests: one file, and the fields beside it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile

from api.openai.errors import unsupported
from models.errors import InvalidRequest

Fields = TypeVar("Fields", bound=BaseModel)
_MOST_FIELDS = 40


@asynccontextmanager
async def form_of(request: Request) -> AsyncIterator[FormData]:
    async with request.form(max_files=2, max_fields=_MOST_FIELDS) as form:
        yield form


async def file_in(form: FormData, name: str) -> bytes:
    """The one file of the field `name`, or `name[]`. Its size was bounded as it came in."""
    files = [file for key in (name, f"{name}[]") for file in form.getlist(key)]
    if len(files) > 1:
        raise unsupported(
            name, f"字段 {name} 一次只能有一个文件。", f"One file at a time as {name}, please."
        )
    if not files or not isinstance(files[0], UploadFile):
        raise InvalidRequest(f"请用 {name} 字段上传一个文件。", f"Upload one file as {name}.")
    return await files[0].read()


def fields_of(form: FormData, model: type[Fields]) -> Fields:
    """The other fields. Raises RequestValidationError, which names the one that is wrong."""
    several = {key.removesuffix("[]") for key in form if key.endswith("[]")}
    given = {
        name: form.getlist(f"{name}[]") if name in several else form[name]
        for name in (key.removesuffix("[]") for key in form)
        if name in model.model_fields
    }
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise RequestValidationError(
            [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        ) from error
