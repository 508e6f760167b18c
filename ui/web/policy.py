"""What a browser may do with the page: nothing is loaded from, or sent to, anywhere else.

The page shows words of models and of files. Should one of them ever slip through as a link that
loads by itself, the browser refuses it (Content Security Policy, W3C CSP3).
"""

import gzip
import re
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.web.bundle import early_links

# Streamlit's bundle evaluates code for charts and styles its elements inline.
_SOURCES = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' blob:",  # a recording is read back from the page's own memory
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
}
_HEADERS = {
    "Content-Security-Policy": "; ".join(f"{kind} {who}" for kind, who in _SOURCES.items()),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
}
# Else Streamlit looks for its server below the address of the page first: two requests in vain.
_SERVER = b"<script>window.__streamlit={BACKEND_BASE_URL:location.origin}</script>"
_FONT_PRELOAD = re.compile(rb'<link\s+rel="preload"[^>]*as="font"[^>]*>')


class Policy:
    """ASGI middleware: the headers on every answer; language, name and `script` in its HTML."""

    def __init__(self, app: ASGIApp, *, language: str, title: str, script: str | None) -> None:
        self._app = app
        self._language = language.encode("ascii")
        self._title = f"<title>{title}</title>".encode()
        self._scripts = _SERVER
        if script is not None:
            self._scripts += f'<script src="{script}"></script>'.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Answer(send, self._localised).send)

    def _localised(self, html: bytes) -> bytes:
        """Streamlit's shell says English, names itself, loads a font that is not used, and does not
        load early what every conversation needs."""
        html = html.replace(b'<html lang="en">', b'<html lang="%s">' % self._language, 1)
        html = html.replace(b"<title>Streamlit</title>", self._title + self._scripts, 1)
        html = html.replace(b"</head>", early_links(html) + b"</head>", 1)
        return _FONT_PRELOAD.sub(b"", html, count=1)


class _Answer:
    """One answer on its way out. HTML is held back until it is whole and then rewritten."""

    def __init__(self, send: Send, rewrite: Callable[[bytes], bytes]) -> None:
        self._send = send
        self._rewrite = rewrite
        self._held: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(_HEADERS)
            if headers.get("content-type", "").startswith("text/html"):
                self._held = message
                return
        if self._held is None or message["type"] != "http.response.body":
            await self._send(message)
            return
        await self._collect(self._held, message)

    async def _collect(self, start: Message, message: Message) -> None:
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        headers = MutableHeaders(scope=start)
        if headers.get("content-encoding") == "gzip":
            self._body = gzip.decompress(self._body)
            del headers["content-encoding"]
        if "content-encoding" not in headers:
            self._body = self._rewrite(self._body)
            if "content-length" in headers:
                headers["content-length"] = str(len(self._body))
        self._held = None
        await self._send(start)
        await self._send({"type": "http.response.body", "body": self._body})
