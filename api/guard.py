"""Who may speak to the engine: a guard before every route.

A web page anywhere can make its visitor's browser send requests to the own machine. Two rules keep
such pages out, since the engine knows no passwords:

- `Host` must be a name the engine serves: a page that lets its own name resolve to 127.0.0.1 (DNS
  rebinding) still sends that name.
- A request that a browser marks as coming from another site is refused (`Origin`, Fetch Metadata).

Bodies are bounded while they stream in.
"""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import refusal
from duomo.bundle import MAX_BYTES

MAX_JSON_BYTES = 2**20
_MULTIPART_OVERHEAD = 2**16
_HOST = re.compile(r"(?P<name>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """ASGI middleware. `hosts` are names without ports; `ui_port` is where the own UI may live."""

    def __init__(
        self, app: ASGIApp, *, hosts: Collection[str], ui_port: int, max_upload_bytes: int
    ) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._ui_port = ui_port
        self._limits = {
            "/api/artifacts": max_upload_bytes + _MULTIPART_OVERHEAD,
            "/api/conversations/import": MAX_BYTES + _MULTIPART_OVERHEAD,
            "/v1/audio/transcriptions": max_upload_bytes + _MULTIPART_OVERHEAD,
            "/v1/images/edits": max_upload_bytes + _MULTIPART_OVERHEAD,
            # Files in JSON are base64: four characters for three bytes.
            "/v1/chat/completions": max_upload_bytes * 4 // 3 + MAX_JSON_BYTES,
            "/v1/embeddings": max_upload_bytes * 4 // 3 + MAX_JSON_BYTES,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not self._host_is_served(headers) or not self._site_is_own(scope["method"], headers):
            await refusal(scope["path"], 403)(scope, receive, send)
            return
        limit = self._limits.get(scope["path"], MAX_JSON_BYTES)
        if _declared_length(headers) > limit:
            await refusal(scope["path"], 413)(scope, receive, send)
            return
        await self._app(scope, _bounded(receive, limit), send)

    def _host_is_served(self, headers: Headers) -> bool:
        match = _HOST.fullmatch(headers.get("host", ""))
        return match is not None and match["name"].lower() in self._hosts

    def _site_is_own(self, method: str, headers: Headers) -> bool:
        """Reading cross-site is left to links a person follows; changing anything never is."""
        if method in _SAFE:
            foreign = headers.get("sec-fetch-site") == "cross-site"
            return not foreign or headers.get("sec-fetch-mode") == "navigate"
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site", "none") in {"none", "same-origin"}
        return self._origin_is_own(origin, headers["host"])

    def _origin_is_own(self, origin: str, host: str) -> bool:
        try:
            parts = urlsplit(origin)
            port = parts.port
        except ValueError:
            return False
        if parts.netloc.lower() == host.lower():
            return True
        name = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc
        return name.lower() in self._hosts and port == self._ui_port


def _declared_length(headers: Headers) -> int:
    declared = headers.get("content-length", "0")
    return int(declared) if declared.isascii() and declared.isdigit() else 0


def _bounded(receive: Receive, limit: int) -> Receive:
    """`receive` that stops a body at `limit` bytes, whatever its headers promised."""
    received = 0

    async def receive_bounded() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise HTTPException(413)
        return message

    return receive_bounded
