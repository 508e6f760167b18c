"""Streamlit's own scripts, styles and fonts out of memory, and those asked for early.

A first visit needs eighty files. Streamlit opens each anew and names a third of them only after the
first words are there; from memory, and named in the page's head, they come in one go.
"""

import gzip
import mimetypes
import re
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path

import streamlit
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

ROOT = Path(streamlit.__file__).parent / "static" / "static"
PATH = "/static"
# What a conversation shows, by the parts of Streamlit's bundle that draw it; what they import comes
# with them. One that a later Streamlit calls otherwise is only not asked for early.
EARLY = (
    "BidiComponent", "ChatInput", "Feedback", "Html", "ImageList", "MenuButton", "PageLink",
    "record", "wavesurfer",
)  # fmt: skip
_IMPORTS = re.compile(rb'(?:from|import)"\./([\w.-]+\.js)"')
_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",  # the names carry hashes
    "Vary": "Accept-Encoding",
}
_COMPRESSED = (".js", ".css")


class Bundle:
    """ASGI middleware before Streamlit's own route; what is not in the bundle is left to that."""

    def __init__(self, app: ASGIApp, root: Path = ROOT) -> None:
        self._app = app
        self._files = {
            f"{PATH}/{path.relative_to(root).as_posix()}": path
            for path in root.rglob("*")
            if path.is_file()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = None
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            path = self._files.get(scope["path"])
        app = self._app if path is None else _answer(path, Request(scope))
        await app(scope, receive, send)


@lru_cache(maxsize=4)  # asked for with every page, of a shell that stays the same
def early_links(known: bytes, root: Path = ROOT) -> bytes:
    """`<link>`s for `EARLY`, to be fetched and compiled beside what the HTML `known` names."""
    scripts = root / "js"
    names = [path.name for path in scripts.glob("*.js") if path.name.partition(".")[0] in EARLY]
    early = {name for name in _with_imports(scripts, names) if name.encode() not in known}
    return b"".join(
        b'<link rel="modulepreload" crossorigin href="./static/js/%s">' % name.encode()
        for name in sorted(early)
    )


def _with_imports(scripts: Path, names: list[str]) -> set[str]:
    """`names`, and what those import, and those in turn."""
    found, left = set(names), list(names)
    while left:
        imported = {name.decode() for name in _IMPORTS.findall(_bytes(scripts / left.pop()))}
        left += imported - found
        found |= imported
    return found


def _answer(path: Path, request: Request) -> Response:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    headers = dict(_HEADERS)
    body = _bytes(path)
    if path.suffix in _COMPRESSED and _is_far(request):
        body = _packed(path)
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type=kind, headers=headers)


def _is_far(request: Request) -> bool:
    """Whether it comes over a network and may be packed, which on one machine saves nothing."""
    if "gzip" not in request.headers.get("accept-encoding", "") or request.client is None:
        return False
    try:
        return not ip_address(request.client.host).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=256)
def _bytes(path: Path) -> bytes:
    return path.read_bytes()


@lru_cache(maxsize=256)
def _packed(path: Path) -> bytes:
    return gzip.compress(_bytes(path), 6)
