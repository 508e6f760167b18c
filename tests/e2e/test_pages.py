"""Every page in both languages, both themes, wide and narrow: fits, speaks one language, is
accessible (axe-core), and says nothing in the console. Leaves a screenshot each."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

import ui.web.words
from models.errors import Locale
from tests.e2e.conftest import SHOTS
from tests.e2e.product import Product, wait_until_up
from ui.strings import load_strings
from ui.supervise import free_port

LOOKS = (Path(__file__).parent / "looks.js").read_text("utf-8")
SIZES = {1440: 900, 390: 844}
PAGES = ("chat", "library", "creations", "models", "settings", "about")
ASKED = ("帮我找几张有拱桥的图", "把“小桥流水人家”读给我听", "画一张雪山的水墨画")
SETTLED = """() => document.querySelector("[data-testid=stApp]")?.dataset.testScriptState ===
    "notRunning" && !document.querySelector("[data-testid=stSkeleton]") &&
    [...document.images].every((image) => image.complete)"""
TEXTS = """() => {
    const ours =
        "[data-testid=stIconMaterial], [role=img], style, script, code, [data-testid=stCode]";
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const text = walker.currentNode;
        if (!text.parentElement.closest(ours)) found.push(text.data.trim());
    }
    for (const e of document.querySelectorAll("[aria-label], [placeholder], [title]"))
        for (const name of ["aria-label", "placeholder", "title"])
            found.push(e.getAttribute(name) ?? "");
    return [...new Set(found)].filter((text) => text);
}"""


@pytest.fixture(scope="module")
def conversation(product: Product) -> str:
    """Pictures found, a sound made, a picture drawn or refused: something on every page."""
    made = product.client.create_conversation().id
    for question in ASKED:
        run = product.client.start_run(made, question)
        for _ in product.client.run_events(run.run_id):
            pass
    found, spoken, _ = product.client.transcript(made).turns
    assert found.artifacts
    assert spoken.artifacts
    return made


@pytest.fixture(scope="module")
def english(product: Product) -> Iterator[str]:
    """The page in English over the same engine."""
    port = free_port("127.0.0.1", 0)
    url = f"http://127.0.0.1:{port}"
    told = {
        "DUOMO_HOME": str(product.home),
        "DUOMO_LOCALE": "en",
        "DUOMO_UI_PORT": str(port),
        "DUOMO_ENGINE_URL": product.client.base_url,
    }
    said = product.home / "english.log"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ui.web"],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **told},
        )
    try:
        wait_until_up(process, url, said)
        yield url
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_every_page_fits_and_reads_well(
    browser: Browser, product: Product, english: str, conversation: str, locale: Locale, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": SIZES[width]}, locale=locale)
    page = context.new_page()
    page.set_default_timeout(60_000)
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    base = english if locale == "en" else product.url
    for name in PAGES:
        page.goto(f"{base}/{'' if name == 'chat' else name}?c={conversation}")
        wrong += [f"{name}: {fault}" for fault in faults(page, name, locale, width)]
    context.close()
    assert not wrong, "\n".join(wrong)


def faults(page: Page, name: str, locale: Locale, width: int) -> list[str]:
    """Of an open page in both themes; leaves its screenshots."""
    expect(page.locator("h1, [data-testid=stChatInput]").first).to_be_visible()
    found = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        page.wait_for_function(SETTLED)
        page.wait_for_timeout(300)  # colours change over a moment
        page.screenshot(path=SHOTS / f"{name}-{locale}-{theme}-{width}.png")
        found += page.evaluate(LOOKS) if theme == "light" else []
        found += [f"{theme}: {barrier}" for barrier in barriers(page, theme)]
    return found + leaks(page.evaluate(TEXTS), locale)


def barriers(page: Page, theme: str) -> list[str]:
    """What axe-core calls serious or critical; the dark theme has other colours, nothing else."""
    options = {"resultTypes": ["violations"]}
    if theme == "dark":
        options["runOnly"] = ["color-contrast"]
    return [
        f"{violation['id']}: {node['html'][:300]} {node['any'] and node['any'][0]['message']}"
        for violation in Axe().run(page, options=options).response["violations"]
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]


def leaks(texts: list[str], locale: Locale) -> list[str]:
    """Sentences of the other language's table."""
    ours, theirs = (
        patterns(of) for of in ((locale, "en") if locale == "zh-CN" else ("en", "zh-CN"))
    )
    return [
        f"of the other language: {text}"
        for text in texts
        if any(p.fullmatch(text) for p in theirs) and not any(p.fullmatch(text) for p in ours)
    ]


def patterns(locale: Locale) -> list[re.Pattern[str]]:
    """What a person reads, with anything in the place of its fields."""
    strings = load_strings(ui.web.words.STRINGS, locale)
    templates = [strings.template(key) for key in strings.names()]
    words = [t for t in templates if re.search(r"\w{2}", re.sub(r"{\w+}", "", t))]
    return [re.compile(re.sub(r"\\{\w+\\}", ".+", re.escape(t))) for t in words]
