"""模型与显存 in a browser: fetch with live progress, stop, go on, and come back to the chat."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import SHOTS, Tabs
from tests.e2e.product import Product, chromium, running
from tests.fixtures.hub import COMMIT, REPO, Hub, serving
from tests.models.fetching.conftest import WEIGHTS, checkpoint_files, noise

ENTRY = f"""
name = "demo-llm"
role = "llm"
loader = "models.roles.llm:LanguageModel"
repos = {{ huggingface = "{REPO}" }}
revision = "{COMMIT}"
licence = "Apache-2.0"
languages = ["zh"]
"""
PROFILES = """
[demo]
budget_bytes = 8589934592
note = { zh = "演示用的配置。", en = "For show." }
roles = { llm = "demo-llm", clip = "starter-clip", ocr = "starter-ocr", tts = "starter-tts" }
"""


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with serving({**checkpoint_files(), WEIGHTS: noise(20_000_000)}) as hub:
        yield hub


@pytest.fixture(scope="module")
def with_hub(tmp_path_factory: pytest.TempPathFactory, hub: Hub) -> Iterator[Product]:
    if chromium() is None:
        pytest.skip("no Chromium")
    home: Path = tmp_path_factory.mktemp("models") / "home"
    (home / "catalog").mkdir(parents=True)
    (home / "catalog" / "demo-llm.toml").write_text(ENTRY)
    (home / "profiles.toml").write_text(PROFILES)
    elsewhere = str(home.parent / "none")
    with running(
        home, HF_ENDPOINT=hub.url, HF_HOME=elsewhere, MODELSCOPE_CACHE=elsewhere
    ) as product:
        yield product


@pytest.fixture
def page(browser: Browser, with_hub: Product) -> Iterator[Page]:
    contexts: list[object] = []
    tabs = Tabs(browser, with_hub.url, contexts)  # type: ignore[arg-type]
    page = tabs.open()
    yield page
    page.context.close()
    assert not tabs.outside()


def test_a_profile_is_fetched_stopped_and_fetched_to_its_end(page: Page, hub: Hub) -> None:
    hub.fail(WEIGHTS, "slow")
    page.get_by_role("link", name="模型与显存").click()
    expect(page.get_by_role("heading", name="模型与显存")).to_be_visible()
    page.get_by_text("demo", exact=True).click()
    page.get_by_role("button", name="下载缺少的 1 个").click()
    stop = page.get_by_role("button", name="停止下载")
    expect(stop).to_be_visible()
    expect(page.get_by_text("/秒")).to_be_visible()
    page.screenshot(path=SHOTS / "models.png", full_page=True)
    stop.click()
    expect(page.get_by_text("已停止下载")).to_be_visible()
    page.get_by_role("button", name="下载缺少的 1 个").click()
    expect(page.get_by_text("都已可用")).to_be_visible()
    assert any("range" in asked.headers for asked in hub.downloads(WEIGHTS))
    page.get_by_role("button", name="删除").click()
    page.get_by_role("dialog").get_by_role("button", name="删除").click()
    expect(page.get_by_text("还缺 1 个")).to_be_visible()
    page.get_by_role("button", name="新对话").click()
    expect(page.get_by_test_id("stChatInputTextArea")).to_be_visible()


def test_the_page_fits_a_phone_and_speaks_chinese(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(page.url.split("?")[0] + "models")
    expect(page.get_by_role("heading", name="模型与显存")).to_be_visible()
    expect(page.get_by_text("内存预算", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    labels = page.evaluate(
        """() => [...document.querySelectorAll("[aria-label], [placeholder]")]
            .flatMap((e) => ["aria-label", "placeholder"].map((a) => e.getAttribute(a)))
            .filter((label) => label && /[A-Za-z]{4}/.test(label))"""
    )
    assert labels == []
