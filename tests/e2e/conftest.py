"""A browser on the real product with the real starters. Failures leave a screenshot."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from tests.e2e.product import Product, chromium, launch, running

expect.set_options(timeout=60_000)
ROOT = Path(__file__).parents[2]
SHOTS = Path(os.environ.get("DUOMO_SCREENSHOTS") or ROOT / "artifacts" / "screenshots")
STARTERS = ROOT / "models" / "starter"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: from the first one to the end of the session Playwright keeps an
    event loop in this thread, and what runs a loop of its own there could not."""
    for item in items:
        if _is_here(item):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(600))
    items.sort(key=_is_here)


def _is_here(item: pytest.Item) -> bool:
    return Path(__file__).parent in item.path.parents


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.failed:  # type: ignore[attr-defined]
        for context in item.stash.get(_CONTEXTS, []):
            for number, page in enumerate(context.pages):
                page.screenshot(path=SHOTS / f"{item.name}-{number}.png")
    return report


_CONTEXTS = pytest.StashKey[list[BrowserContext]]()


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    if chromium() is None:
        missing = pytest.fail if os.environ.get("DUOMO_REQUIRE_BROWSER") else pytest.skip
        missing("no Chromium")
    if not (STARTERS / "llm" / "model.safetensors").exists():
        pytest.skip("no starter weights")
    home = tmp_path_factory.mktemp("e2e") / "home"
    with running(home, DUOMO_ASK_BEFORE="score_image") as product:
        yield product


@pytest.fixture(scope="session")
def browser(product: Product) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        yield browser
        browser.close()


class Tabs:
    """Opens tabs, each a person of its own, and remembers every request that any of them made."""

    def __init__(self, browser: Browser, url: str, contexts: list[BrowserContext]) -> None:
        self._browser = browser
        self._url = url
        self._contexts = contexts
        self.requests: list[str] = []

    def open(
        self, width: int = 1440, height: int = 900, *, dark: bool = False, path: str = "/"
    ) -> Page:
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale="zh-CN",
        )
        self._contexts.append(context)
        context.set_default_timeout(120_000)
        context.on("request", self._note)
        page = context.new_page()
        page.on("websocket", lambda socket: self.requests.append(socket.url))
        page.goto(self._url + path)
        page.get_by_test_id("stChatInputTextArea").wait_for()
        return page

    def _note(self, request: Request) -> None:
        self.requests.append(request.url)

    def outside(self) -> list[str]:
        """Requests that were meant to leave this machine."""
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme not in {"data", "blob"}
            and urlsplit(url).hostname not in LOOPBACK
        ]


@pytest.fixture
def tabs(browser: Browser, product: Product, request: pytest.FixtureRequest) -> Iterator[Tabs]:
    contexts: list[BrowserContext] = []
    request.node.stash[_CONTEXTS] = contexts
    opened = Tabs(browser, product.url, contexts)
    yield opened
    for context in contexts:
        context.close()
    assert opened.requests or not contexts
    assert not opened.outside()
