"""Errors as answers: every failure has one shape, `{"error": {"code", "zh", "en"}}`; under `/v1` it
has OpenAI's."""

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.openai import errors as openai
from api.schemas import ErrorBody, ErrorView
from models.errors import (
    AlreadyAnswered,
    Cancelled,
    CheckpointBusy,
    CheckpointError,
    DiskFull,
    DuomoError,
    EndpointError,
    EngineUnavailable,
    InputError,
    LibraryBusy,
    MediaTooLarge,
    NotFound,
    ResourceError,
    SourceError,
    ToolRetry,
    UnreadableMedia,
)

log = logging.getLogger(__name__)

# The first class that an error is an instance of decides.
_STATUS: tuple[tuple[type[DuomoError], HTTPStatus], ...] = (
    (NotFound, HTTPStatus.NOT_FOUND),
    (MediaTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (UnreadableMedia, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (AlreadyAnswered, HTTPStatus.CONFLICT),
    (InputError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (ToolRetry, HTTPStatus.UNPROCESSABLE_ENTITY),
    (LibraryBusy, HTTPStatus.CONFLICT),
    (CheckpointBusy, HTTPStatus.CONFLICT),
    (SourceError, HTTPStatus.BAD_GATEWAY),
    (EndpointError, HTTPStatus.BAD_GATEWAY),
    (Cancelled, HTTPStatus.CONFLICT),
    (DiskFull, HTTPStatus.INSUFFICIENT_STORAGE),
    (CheckpointError, HTTPStatus.SERVICE_UNAVAILABLE),
    (ResourceError, HTTPStatus.SERVICE_UNAVAILABLE),
    (EngineUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
)

# What the framework itself refuses.
_WORDS: dict[int, ErrorView] = {
    400: ErrorView(code="invalid_request", zh="请求读不懂。", en="The request cannot be read."),
    403: ErrorView(
        code="forbidden",
        zh="这个来源不能访问多模。要用别的主机名，请写进设置 allowed_hosts。",
        en="This origin may not use Duomo. Add its host name to the setting allowed_hosts.",
    ),
    404: ErrorView(code="not_found", zh="没有这个地址。", en="No such address."),
    405: ErrorView(
        code="invalid_request", zh="这个地址不支持该方法。", en="Method not allowed here."
    ),
    413: ErrorView(
        code="media_too_large",
        zh="内容太大了。请缩小后再传，或调高设置 max_upload。",
        en="Too large. Make it smaller, or raise the setting max_upload.",
    ),
}
_INTERNAL = ErrorView(
    code="internal",
    zh="引擎内部出错了，这不是您的问题。详情在引擎日志里。",
    en="The engine made a mistake. The details are in its log.",
)


def view_of(error: DuomoError) -> ErrorView:
    return ErrorView(code=error.code, zh=error.zh, en=error.en)


def status_of(error: DuomoError) -> HTTPStatus:
    found = (status for kind, status in _STATUS if isinstance(error, kind))
    return next(found, HTTPStatus.INTERNAL_SERVER_ERROR)


def answer(path: str, status: int, error: ErrorView, param: str | None = None) -> JSONResponse:
    if openai.is_ours(path):
        return openai.answer(status, error, param)
    return JSONResponse(ErrorBody(error=error).model_dump(), status_code=status)


def refusal(path: str, status: int) -> JSONResponse:
    """The answer to what no route will see."""
    refused = answer(path, status, _WORDS[status])
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        refused.headers["Connection"] = "close"  # do not read what is still coming
    return refused


def install(app: FastAPI) -> None:
    """Make `app` answer every error in the one shape."""
    app.add_exception_handler(DuomoError, _typed)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _unexpected)


def _typed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DuomoError)
    param = error.param if isinstance(error, openai.Unsupported) else None
    return answer(request.url.path, status_of(error), view_of(error), param)


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return refusal(request.url.path, 400)
    where = ".".join(str(part) for part in first["loc"][1:]) or "body"
    view = ErrorView(
        code="invalid_request",
        zh=f"参数 {where} 不合要求，请改正后再试。",
        en=f"{where}: {first['msg']}.",
    )
    return answer(request.url.path, 422, view, where)


def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    known = error.status_code if error.status_code in _WORDS else 400
    return refusal(request.url.path, known)


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return answer(request.url.path, 500, _INTERNAL)
