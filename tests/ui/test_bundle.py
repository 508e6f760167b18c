"""Streamlit's own files: out of memory, and early."""

import gzip
import re
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from ui.web.bundle import EARLY, ROOT, Bundle, early_links

INDEX = (ROOT.parent / "index.html").read_bytes()


async def streamlit(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(f"streamlit: {Request(scope).url.path}")(scope, receive, send)


def visitor(address: str = "127.0.0.1") -> TestClient:
    return TestClient(Bundle(streamlit), client=(address, 50_000))


def some(pattern: str) -> Path:
    return next(iter(sorted(ROOT.glob(pattern))))


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [("js/index.*.js", "javascript"), ("css/*.css", "text/css"), ("media/*.woff2", "woff2")],
)
def test_a_file_of_the_bundle_comes_whole_and_is_kept_for_good(pattern: str, kind: str) -> None:
    path = some(pattern)
    answer = visitor().get(f"/static/{path.relative_to(ROOT).as_posix()}")
    assert answer.content == path.read_bytes()
    assert kind in answer.headers["content-type"]
    assert "immutable" in answer.headers["cache-control"]
    assert "content-encoding" not in answer.headers


def test_over_a_network_scripts_come_packed() -> None:
    path = some("js/index.*.js")
    name = f"/static/js/{path.name}"
    with visitor("192.168.1.20").stream("GET", name) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed) == path.read_bytes()
    plain = visitor("192.168.1.20").get(name, headers={"accept-encoding": "identity"})
    assert plain.content == path.read_bytes()
    assert len(packed) < len(plain.content) / 2


@pytest.mark.parametrize(
    "path", ["/static/js/no.js", "/static/../index.html", "/static/", "/", "/static/js/%2e%2e/x"]
)
def test_everything_else_is_left_to_streamlit(path: str) -> None:
    assert visitor().get(path).text.startswith("streamlit: ")


def test_only_reading_is_answered() -> None:
    name = f"/static/js/{some('js/index.*.js').name}"
    assert visitor().post(name).text.startswith("streamlit: ")
    head = visitor().head(name)
    assert head.status_code == 200
    assert not head.content


def test_what_a_conversation_draws_is_named_once_with_what_it_imports() -> None:
    links = early_links(INDEX).decode()
    named = re.findall(r'href="\./static/js/([^"]+)"', links)
    assert len(named) == len(set(named))
    assert all((ROOT / "js" / name).is_file() for name in named)
    assert not [name for name in named if name.encode() in INDEX]
    assert set(EARLY) <= {name.partition(".")[0] for name in named}
    chat = (ROOT / "js" / next(n for n in named if n.startswith("ChatInput."))).read_text("utf-8")
    imported = set(re.findall(r'(?:from|import)"\./([\w.-]+\.js)"', chat))
    assert imported <= {*named, *re.findall(r"static/js/([\w.-]+\.js)", INDEX.decode())}


def test_a_bundle_with_other_names_is_only_not_asked_for_early(tmp_path: Path) -> None:
    (tmp_path / "js").mkdir()
    (tmp_path / "js" / "Other.js").write_text("")
    assert early_links(INDEX, tmp_path) == b""
