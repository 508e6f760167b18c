"""What went wrong with a server, in words for a person: what it was and what to do next.

What the server says of it is quoted, as far as it is short and without the key.
"""

import re
from http import HTTPStatus

from models.errors import (
    DuomoError,
    EndpointBroken,
    EndpointBusy,
    EndpointLacks,
    EndpointRefused,
    EndpointUnreachable,
    InvalidRequest,
)

QUOTED = 160
_TOO_LONG = re.compile(
    r"context.{0,30}(length|size|window)|maximum context|too many tokens|exceed.{0,40}context"
    r"|prompt is too long|context_length_exceeded",
    re.IGNORECASE,
)
_NO_TOOLS = re.compile(r"\btools?\b|tool[_ -](call|choice|use)|function.?call", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


class ContextTooLong(DuomoError):
    """The server takes less than was sent; `told` is for when nothing is left to be cut."""

    code = "context_too_long"

    def __init__(self) -> None:
        super().__init__("对话太长。", "The conversation is too long.")
        self.told = InvalidRequest(
            "对话超出了模型服务器能读的长度。请开始新的对话，或者把问题写短一点。",
            "The conversation is longer than the server can read. Start a new one, or ask shorter.",
        )


def told(error: Exception, host: str, model: str, secret: str) -> DuomoError:
    """The typed error for what the client raised; raises `error` itself if it is none of these."""
    import openai

    if isinstance(error, openai.APITimeoutError):
        return _too_slow(host)
    if isinstance(error, openai.APIConnectionError):
        return _unreachable(host, error)
    if isinstance(error, openai.APIStatusError):
        return _by_status(error.status_code, _quote(error.message, secret), host, model)
    if isinstance(error, openai.APIError):  # an error in the middle of a stream
        return _failed(_quote(error.message, secret), host)
    if isinstance(error, ValueError):  # JSON or text that is none, or of another shape
        return not_understood(host)
    raise error


def not_understood(host: str) -> EndpointBroken:
    return EndpointBroken(
        f"模型服务器 {host} 的回答读不懂。请检查设置 llm_url："
        "它应当是 OpenAI 兼容接口，通常以 /v1 结尾。",
        f"{host} did not answer with a chat completion. Check llm_url: an OpenAI-compatible "
        "address, usually ending in /v1.",
    )


def cut_off(host: str) -> EndpointUnreachable:
    return EndpointUnreachable(
        f"模型服务器 {host} 说到一半断了。请再试一次；总是这样就看看它的日志。",
        f"{host} broke off in the middle. Try again; if it goes on, look at its log.",
    )


def _too_slow(host: str) -> EndpointUnreachable:
    return EndpointUnreachable(
        f"模型服务器 {host} 太久没有回应。请稍后再试，或调大设置 llm_timeout。",
        f"{host} did not answer in time. Try later, or raise llm_timeout.",
    )


def _unreachable(host: str, error: Exception) -> EndpointUnreachable:
    if type(error.__cause__).__name__ in {"RemoteProtocolError", "ReadError", "EndOfStream"}:
        return cut_off(host)
    return EndpointUnreachable(
        f"连不上模型服务器 {host}。请确认它已经启动，设置 llm_url 写得对。",
        f"Cannot reach {host}. See that it runs and that llm_url is right.",
    )


def _by_status(status: int, quote: str, host: str, model: str) -> DuomoError:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return EndpointRefused(
            f"模型服务器 {host} 不接受这个密钥（{status}）。请检查设置 llm_key。",
            f"{host} does not accept the key ({status}). Check llm_key.",
        )
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        return EndpointBusy(
            f"模型服务器 {host} 现在太忙（{status}）。请过一会儿再试。{quote}",
            f"{host} is too busy ({status}). Try again in a while.{quote}",
        )
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or _TOO_LONG.search(quote):
        return ContextTooLong()
    if _NO_TOOLS.search(quote):
        return EndpointLacks(
            f"模型服务器 {host} 上的 {model} 不能调用工具。请换一个支持工具的模型，"
            f"或者打开服务器的这个功能。{quote}",
            f"{model} at {host} cannot call tools. Choose one that can, or switch it on "
            f"at the server.{quote}",
        )
    if status == HTTPStatus.NOT_FOUND:
        return EndpointLacks(
            f"模型服务器 {host} 上没有 {model}，或者地址不对。"
            f"请检查设置 llm_model 和 llm_url。{quote}",
            f"{host} has no {model}, or the address is wrong. Check llm_model and llm_url.{quote}",
        )
    return _failed(quote, host, status)


def _failed(quote: str, host: str, status: int | None = None) -> DuomoError:
    if _TOO_LONG.search(quote):
        return ContextTooLong()
    code = f"（{status}）" if status else ""
    return EndpointBroken(
        f"模型服务器 {host} 出错了{code}。请再试一次，或看看它的日志。{quote}",
        f"{host} failed{f' ({status})' if status else ''}. Try again, or see its log.{quote}",
    )


def _quote(message: object, secret: str) -> str:
    """Its words on one line, without the key; empty when there are none."""
    text = str(message or "")
    if secret:
        text = text.replace(secret, "***")
    line = " ".join(_CONTROL.sub(" ", text).split())
    if not line:
        return ""
    return f" [{line if len(line) <= QUOTED else line[: QUOTED - 1] + '…'}]"
