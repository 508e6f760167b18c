"""HTTP for pulls: redirects by our own rules, tokens only where they are asked for.

A token goes to the hub itself, once it has answered 401 or 403 without one, and never along a
redirect to another origin. Nothing is sent that says who asks: no cookies, no library names.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx
from pydantic_core import from_json

from models.errors import (
    InvalidRequest,
    SourceError,
    SourceLacks,
    SourceRefused,
    SourceUnreachable,
    SourceUntrusted,
)

MOST_REDIRECTS = 6
MOST_JSON_BYTES = 32 * 2**20
RETRIED = frozenset({408, 416, 425, 429, 500, 502, 503, 504})
"""Statuses that may be another the next time."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Patience:
    """How long a source may take. Seconds, unless said otherwise."""

    connect: float = 15.0
    silence: float = 30.0
    """Without a byte."""
    attempts: int = 6
    """One after another that bring nothing new."""
    first_pause: float = 0.5
    longest_pause: float = 20.0
    least_rate: float = 1024.0
    """Bytes a second over `trickle` seconds; below, the connection is given up and made anew."""
    trickle: float = 60.0

    def pause(self, failures: int) -> float:
        """Before the next attempt, after `failures` in a row."""
        return min(self.first_pause * 2.0 ** (failures - 1), self.longest_pause)


class Interrupted(Exception):
    """An answer that may succeed when asked again: cut off, too slow, or a server in trouble."""

    def __init__(self, zh: str, en: str, status: int | None = None) -> None:
        super().__init__(zh, en)
        self.zh = zh
        self.en = en
        self.status = status


@dataclass
class Endpoint:
    """A hub's own origin, the token for it, and whether it has asked for that."""

    url: str
    token: str | None = field(default=None, repr=False)
    token_name: str = "HF_TOKEN"  # noqa: S105 (a variable's name)
    wants_token: bool = False

    @property
    def host(self) -> str:
        return httpx.URL(self.url).host

    def headers(self, url: httpx.URL) -> dict[str, str]:
        mine = _origin(url) == _origin(httpx.URL(self.url))
        if self.token is None or not self.wants_token or not mine or not _is_private(url):
            return {}
        return {"Authorization": f"Bearer {self.token}"}


class Web:
    """One client for a pull. Raises InvalidRequest where the environment's proxy is none."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        timeout = httpx.Timeout(patience.silence, connect=patience.connect, pool=None)
        try:
            self._client = httpx.AsyncClient(
                timeout=timeout,
                follow_redirects=False,
                trust_env=True,  # a proxy of the environment is how some people reach anything
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                headers={"User-Agent": "duomo", "Accept-Encoding": "identity"},
            )
        except (ValueError, httpx.InvalidURL, OSError) as error:
            raise InvalidRequest(
                f"代理或证书的环境变量不能用：{error}。请检查 HTTPS_PROXY、ALL_PROXY 和 "
                "SSL_CERT_FILE。",
                f"The environment's proxy or certificates are not usable: {error}. Check "
                "HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE.",
            ) from error

    async def close(self) -> None:
        await self._client.aclose()

    async def json(self, endpoint: Endpoint, url: str) -> tuple[Any, httpx.Headers]:
        """Parsed by pydantic: it bounds how deep values nest. Raises Interrupted, SourceError."""
        async with self.get(endpoint, url) as response:
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MOST_JSON_BYTES:
                    raise _unusable(endpoint, "too long an answer")
            try:
                return from_json(bytes(body)), response.headers
            except ValueError as error:
                raise _unusable(endpoint, "no JSON") from error

    @asynccontextmanager
    async def get(
        self, endpoint: Endpoint, url: str, headers: dict[str, str] | None = None
    ) -> AsyncIterator[httpx.Response]:
        """A successful answer (200 or 206), not yet read. Raises Interrupted and SourceError."""
        try:
            response = await self._send(endpoint, httpx.URL(url), headers or {})
            try:
                yield response
            finally:
                await response.aclose()
        except (httpx.TransportError, httpx.StreamError) as error:
            raise _interrupted(error) from error
        except (httpx.InvalidURL, UnicodeError) as error:
            raise _unusable(endpoint, "an address that is none") from error

    async def _send(
        self, endpoint: Endpoint, url: httpx.URL, headers: dict[str, str]
    ) -> httpx.Response:
        asked = url
        for _ in range(MOST_REDIRECTS):
            sent = {**headers, **endpoint.headers(url)}
            request = self._client.build_request("GET", url, headers=sent)
            response = await self._client.send(request, stream=True)
            if response.status_code in {200, 206}:
                return response
            target = _target(response)
            await response.aclose()
            if target is not None:
                url = _allowed(endpoint, url, target)
            elif response.status_code in {401, 403} and _may_identify(endpoint):
                endpoint.wants_token, url = True, asked
            else:
                raise refusal(endpoint, response)
        raise _unusable(endpoint, "redirects without end")


def refusal(endpoint: Endpoint, response: httpx.Response) -> SourceError | Interrupted:
    """What a status that is no success stands for."""
    host, status = endpoint.host, response.status_code
    if status in {401, 403}:
        return _closed(endpoint, response.headers.get("x-error-code", ""))
    if status in {404, 410}:
        return SourceLacks(
            f"{host} 上没有这个仓库、版本或文件。请检查目录条目，或换一个来源。",
            f"{host} has no such repository, revision or file. Check the catalogue entry, "
            "or choose another source.",
        )
    if status in RETRIED:
        return Interrupted(f"HTTP {status}", f"HTTP {status}", status)
    return SourceUnreachable(
        f"{host} 回答了 HTTP {status}，没有给文件。请换一个来源，或过些时候再试。",
        f"{host} answered HTTP {status} and no file. Choose another source, or try again later.",
    )


def _interrupted(error: httpx.HTTPError | httpx.StreamError) -> Interrupted:
    if isinstance(error, httpx.ProxyError):
        return Interrupted("代理不让连接", f"the proxy refuses ({error})")
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return Interrupted("连不上", f"no connection ({error})")
    if isinstance(error, httpx.TimeoutException):
        return Interrupted("太久没有数据", "silent for too long")
    return Interrupted("连接断开了", f"the connection broke ({error})")


def _closed(endpoint: Endpoint, code: str) -> SourceRefused:
    host, variable = endpoint.host, endpoint.token_name
    if endpoint.wants_token:
        return SourceRefused(
            f"{host} 不认环境变量 {variable} 里的令牌，或者还没有在网页上接受这个模型的许可。",
            f"{host} refuses the token of {variable}, or this model's licence has not been "
            "accepted on its page yet.",
        )
    gated = code == "GatedRepo"
    return SourceRefused(
        f"{host} 上的这个模型{'要先接受许可' if gated else '不公开、要先接受许可或者不存在'}。"
        f"请在它的网页上接受许可，再把访问令牌放进环境变量 {variable}。",
        f"This model on {host} is {'gated' if gated else 'private, gated or not there'}. "
        f"Accept its licence on its page, then put an access token into {variable}.",
    )


def _may_identify(endpoint: Endpoint) -> bool:
    return endpoint.token is not None and not endpoint.wants_token


def _target(response: httpx.Response) -> httpx.URL | None:
    if response.status_code not in _REDIRECTS or "location" not in response.headers:
        return None
    return response.url.join(response.headers["location"])


def _allowed(endpoint: Endpoint, source: httpx.URL, target: httpx.URL) -> httpx.URL:
    """`target`, unless it leaves encryption or leads from the network to this machine."""
    downgrade = source.scheme == "https" and target.scheme != "https"
    inward = target.host in _LOOPBACK and source.host not in _LOOPBACK
    if target.scheme not in {"http", "https"} or downgrade or inward:
        raise _unusable(endpoint, f"a redirect to {target.scheme}://{target.host}")
    return target


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _is_private(url: httpx.URL) -> bool:
    """Whether nobody on the way can read along."""
    return url.scheme == "https" or url.host in _LOOPBACK


def _unusable(endpoint: Endpoint, what: str) -> SourceUntrusted:
    return SourceUntrusted(
        f"{endpoint.host} 的回答不能用（{what}）。请换一个来源。",
        f"The answer of {endpoint.host} is not usable ({what}). Choose another source.",
    )
