"""What the page's server tells a browser it may do."""

import gzip

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from duomo.settings import load_settings
from ui.web.policy import Policy
from ui.web.server import options, theme

SHELL = (
    '<html lang="en"><head>'
    '<link\n rel="preload"\n href="./font.woff2"\n as="font"\n crossorigin\n />'
    "<title>Streamlit</title></head></html>"
)
PACKED = {"Content-Type": "text/html; charset=utf-8", "Content-Encoding": "gzip"}


def browser() -> TestClient:
    app = Starlette(
        routes=[
            Route("/", lambda _: HTMLResponse(SHELL)),
            Route("/below", lambda _: Response(gzip.compress(SHELL.encode()), headers=PACKED)),
            Route("/data", lambda _: Response(b"\x00\x01", media_type="application/octet-stream")),
        ]
    )
    return TestClient(Policy(app, language="zh-CN", title="多模", script="/words.js"))


def test_a_page_may_load_nothing_from_elsewhere() -> None:
    policy = browser().get("/").headers["content-security-policy"]
    sources = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert sources["default-src"] == "'self'"
    assert sources["connect-src"] == "'self' blob:"
    allowed = {"'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"}
    assert {source for rule in sources.values() for source in rule.split()} <= allowed


def test_the_shell_speaks_the_pages_language() -> None:
    answer = browser().get("/")
    assert '<html lang="zh-CN">' in answer.text
    assert "<title>多模</title>" in answer.text
    assert '<script src="/words.js"></script>' in answer.text
    assert "font.woff2" not in answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_the_shell_says_where_its_server_is() -> None:
    said = browser().get("/").text.partition("<script>")[2].partition("</script>")[0]
    assert said == "window.__streamlit={BACKEND_BASE_URL:location.origin}"


def test_a_shell_that_comes_packed_does_too() -> None:
    answer = browser().get("/below")
    assert '<html lang="zh-CN">' in answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_what_is_no_page_passes_unchanged() -> None:
    answer = browser().get("/data")
    assert answer.content == b"\x00\x01"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_server_stays_on_this_machine_and_tells_nobody() -> None:
    chosen = options(load_settings(host="127.0.0.1", ui_port=8600))
    assert chosen["server.address"] == "127.0.0.1"
    assert chosen["server.port"] == 8600
    assert chosen["browser.gatherUsageStats"] is False
    assert chosen["client.toolbarMode"] == "minimal"


def test_the_theme_names_only_fonts_of_the_system() -> None:
    fonts = [str(value) for key, value in theme().items() if key.lower().endswith("font")]
    assert fonts
    assert not any("http" in font or "fontFaces" in font for font in fonts)
