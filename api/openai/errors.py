"""Errors as OpenAI's clients read them: `{"error": {"message", "type", "code", "param"}}`.

The message is in both languages; `code` is that of `models.errors`. The clients try again what has
a status of 408, 409, 429 or 5xx unless a header says that it would be in vain.
"""

from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse

from api.schemas import ErrorView
from models.errors import EndpointBusy, EngineUnavailable, InvalidRequest

PREFIX = "/v1"
_PASSING = frozenset({EngineUnavailable.code, EndpointBusy.code})
_OWN_INPUT = {
    HTTPStatus.UNPROCESSABLE_ENTITY: HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.BAD_REQUEST,
}


class Unsupported(InvalidRequest):
    """A parameter of OpenAI's that this engine cannot honour, and may not pass over."""

    code = "unsupported_parameter"

    param: str | None = None


def unsupported(param: str, zh: str, en: str) -> Unsupported:
    error = Unsupported(zh, en)
    error.param = param
    return error


def is_ours(path: str) -> bool:
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def body(status: int, error: ErrorView, param: str | None = None) -> dict[str, Any]:
    kind = "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
    told = {"message": f"{error.zh} {error.en}", "type": kind, "code": error.code, "param": param}
    return {"error": told}


def answer(status: int, error: ErrorView, param: str | None = None) -> JSONResponse:
    """OpenAI knows neither 415 nor 422: input that is wrong is 400."""
    status = _OWN_INPUT.get(HTTPStatus(status), status)
    again = str(error.code in _PASSING).lower()
    return JSONResponse(body(status, error, param), status, {"x-should-retry": again})
