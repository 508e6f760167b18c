"""What a person does on the page, on the real starters."""

import io
import os
import re
import signal
import time
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import FilePayload, Locator, Page, expect

import duomo
from api.client import Transcript
from tests.e2e.conftest import SHOTS, Tabs
from tests.e2e.product import Product

GALLERY = Path(duomo.__file__).parent / "gallery"
QUESTION = "帮我找几张有拱桥的图"
AS_LONG_AS_IT_TAKES = 240_000
"""Milliseconds; a machine that does other things as well is slow, not wrong."""


def attach(page: Page, *files: Path | FilePayload) -> None:
    """Puts files beside the question that is written next."""
    page.locator("input[type=file]").first.set_input_files(list(files))
    expect(page.get_by_test_id("stFileChip")).to_have_count(len(files))


def ask(page: Page, question: str) -> None:
    box = page.get_by_test_id("stChatInputTextArea")
    expect(box).to_have_count(1)  # the welcome's own leaves once the first turn is drawn
    box.fill(question)
    expect(page.get_by_test_id("stChatInputSubmitButton")).to_be_enabled()  # files have arrived
    box.press("Enter")
    expect(
        page.get_by_test_id("stChatMessage").get_by_text(question, exact=True).last
    ).to_be_visible()


def finished(page: Page, product: Product) -> None:
    """Waits until the engine has ended every turn of this page, and the page shows it."""
    transcript = Transcript()
    conversation = conversation_of(page)
    while transcript.running or not transcript.turns:
        transcript = product.client.transcript(conversation)
        page.wait_for_timeout(50)
    expect(stop_buttons(page)).to_have_count(0)


def keep_busy(product: Product, conversation: str) -> str:
    """Start a turn that reads a dense page: it holds the device for seconds on any machine. Its
    run's id, for who does not want to wait for its end."""
    page = Image.new("RGB", (2400, 3000), "white")
    lines = [f"line {i}: the quick brown fox jumps over the lazy dog" * 2 for i in range(60)]
    ImageDraw.Draw(page).multiline_text((40, 40), "\n".join(lines), "black", _FONT)
    file = io.BytesIO()
    page.save(file, "PNG")
    uploaded = product.client.upload(file.getvalue(), "page.png")
    started = product.client.start_run(
        conversation, "读一下上面的字", [uploaded.sha256], fresh=True
    )
    return started.run_id


def stopped_alone(product: Product, conversation: str, ahead: str) -> None:
    """Waits until the last turn is stopped; the one `ahead` of it goes on, and is stopped here."""
    *before, last = product.client.transcript(conversation).turns
    while not last.ended:
        time.sleep(0.05)
        *before, last = product.client.transcript(conversation).turns
    assert last.state == "cancelled"
    assert "cancelled" not in [turn.state for turn in before]
    product.client.cancel_run(ahead)


_FONT = ImageFont.load_default(28)


def stop_buttons(page: Page) -> Locator:
    return page.locator("[class*='st-key-stop-'] button")


def suggestion(page: Page, question: str) -> Locator:
    return page.locator("[class*='st-key-suggestion-']").get_by_role("button", name=question)


def captions(page: Page) -> Locator:
    """The handles under the pictures. They arrive one by one, after the turn has ended too."""
    return page.get_by_test_id("stImageCaption")


def conversation_of(page: Page) -> str:
    page.wait_for_url(re.compile(r"[?&]c="))
    return page.url.rpartition("c=")[2]


def test_a_first_visit_shows_what_to_ask_and_the_sample_pictures(tabs: Tabs) -> None:
    page = tabs.open()
    expect(page.get_by_role("heading", name="想看什么，说一句就好")).to_be_in_viewport()
    expect(suggestion(page, QUESTION)).to_be_visible()
    expect(page.locator("[class*='st-key-grid-samples'] img")).to_have_count(8)
    expect(page).to_have_title("多模")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


def test_ask_step_pictures_similar_ones_reload_and_stop(tabs: Tabs, product: Product) -> None:
    page = tabs.open()
    suggestion(page, QUESTION).click()
    expect(page.get_by_text("搜索图片")).to_be_visible()
    finished(page, product)
    expect(captions(page)).to_have_text(["img-1", "img-2", "img-3", "img-4"])
    page.screenshot(path=SHOTS / "ask.png")

    ask(page, "找和第二张像的")
    expect(page.get_by_text("找相似图片").first).to_be_visible(timeout=AS_LONG_AS_IT_TAKES)
    finished(page, product)
    expect(captions(page).filter(has_text="img-5")).to_be_visible()

    # The last turn waits behind a long one while the page is loaded again.
    conversation = conversation_of(page)
    ahead = keep_busy(product, conversation)
    ask(page, "再找几张有月亮的图")
    page.reload()
    expect(stop_buttons(page).last).to_be_visible()
    stop_buttons(page).last.click()
    stopped_alone(product, conversation, ahead)
    finished(page, product)
    turns = product.client.transcript(conversation).turns
    assert [turn.state for turn in turns[:2]] == ["finished", "finished"]
    expect(page.get_by_text("已停止").last).to_be_visible()


def test_two_tabs_ask_at_once_and_stop_in_one_leaves_the_other(
    tabs: Tabs, product: Product
) -> None:
    one, other = tabs.open(), tabs.open()
    ask(one, QUESTION)
    ahead = keep_busy(product, conversation_of(one))
    ask(one, "找两张水墨画风格的山")
    ask(other, QUESTION)
    stop_buttons(one).last.click()
    stopped_alone(product, conversation_of(one), ahead)
    finished(one, product)
    finished(other, product)
    expect(captions(other)).to_have_text(["img-1", "img-2", "img-3", "img-4"])
    assert product.client.transcript(conversation_of(one)).turns[0].state == "finished"
    [turn] = product.client.transcript(conversation_of(other)).turns
    assert turn.state == "finished"


def test_a_second_tab_shows_the_same_run_where_it_is(tabs: Tabs, product: Product) -> None:
    one = tabs.open()
    ask(one, QUESTION)
    other = tabs.open(path=f"/?c={conversation_of(one)}")
    finished(other, product)
    expect(captions(other)).to_have_count(4)
    product.client.start_run(conversation_of(one), "你好")
    expect(one.get_by_text("你好", exact=True).first).to_be_visible()  # nobody touched this tab
    finished(one, product)


def test_an_uploaded_picture_is_read(tabs: Tabs, product: Product) -> None:
    page = tabs.open()
    attach(page, GALLERY / "02-sign-oil.webp")
    ask(page, "读一下上面的字")
    expect(page.get_by_text("识别文字").first).to_be_visible(timeout=AS_LONG_AS_IT_TAKES)
    finished(page, product)
    [turn] = product.client.transcript(conversation_of(page)).turns
    assert [view.handle for view in turn.attachments] == ["img-1"]
    assert "乌镇" in turn.steps[0].text
    page.get_by_text("识别文字").first.click()
    expect(page.get_by_text("乌镇").first).to_be_visible()


def test_a_picture_can_be_pasted(tabs: Tabs) -> None:
    page = tabs.open()
    picture = (GALLERY / "02-sign-oil.webp").read_bytes()
    page.get_by_test_id("stChatInputTextArea").focus()
    page.evaluate(
        """(bytes) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "a.webp", {type: "image/webp"}));
            const said = {clipboardData: data, bubbles: true, cancelable: true};
            document.activeElement.dispatchEvent(new ClipboardEvent("paste", said));
        }""",
        list(picture),
    )
    expect(page.get_by_test_id("stFileChip")).to_be_visible()


def test_words_are_spoken(tabs: Tabs, product: Product) -> None:
    page = tabs.open()
    suggestion(page, "把“小桥流水人家”读给我听").click()
    expect(page.locator("audio")).to_have_count(1, timeout=AS_LONG_AS_IT_TAKES)
    finished(page, product)
    expect(page.get_by_text("AI 生成")).to_be_visible()


def test_a_conversation_is_renamed_exported_deleted_imported_and_goes_on(
    tabs: Tabs, product: Product
) -> None:
    page = tabs.open()
    ask(page, QUESTION)
    finished(page, product)
    conversation = conversation_of(page)
    choose(page, conversation, "改名")
    name = page.locator(f".st-key-title-{conversation} input")
    name.fill("![桥](http://evil.example/x.png)")
    name.press("Enter")
    expect(page.locator(f".st-key-open-{conversation}")).to_contain_text("![桥]")
    assert product.client.conversation(conversation).title == "![桥](http://evil.example/x.png)"

    choose(page, conversation, "导出")
    page.screenshot(path=SHOTS / "export.png")
    with page.expect_download() as download:
        page.get_by_role("button", name="保存压缩包").click()
    page.keyboard.press("Escape")
    choose(page, conversation, "删除")
    page.get_by_role("dialog").get_by_role("button", name="删除").click()
    expect(page.locator(f".st-key-open-{conversation}")).to_have_count(0)
    expect(page.get_by_role("heading", name="想看什么，说一句就好")).to_be_visible()

    page.locator(".st-key-import button").first.click()
    page.screenshot(path=SHOTS / "import.png")
    bundle = download.value.path().read_bytes()
    page.get_by_role("dialog").locator("input[type=file]").set_input_files(
        {"name": "conversation.zip", "mimeType": "application/zip", "buffer": bundle}
    )
    expect(captions(page)).to_have_text(["img-1", "img-2", "img-3", "img-4"])
    ask(page, "找和img-2像的")
    finished(page, product)
    _, turn = product.client.transcript(conversation_of(page)).turns
    assert turn.steps[0].arguments == {"image": "img-2"}
    assert turn.artifacts[0].handle == "img-5"


def choose(page: Page, conversation: str, action: str) -> None:
    """From the menu beside a conversation in the list."""
    menu = page.locator(f".st-key-more-{conversation} button")
    expect(menu).to_have_count(1)  # for a moment a list that grows shows a row twice
    menu.click()
    item = page.get_by_role("menuitem", name=action)
    item.or_(page.get_by_role("option", name=action)).click()


def test_a_phone_shows_all_of_it_without_scrolling_sideways(tabs: Tabs, product: Product) -> None:
    for dark in (False, True):
        page = tabs.open(390, 844, dark=dark)
        suggestion(page, QUESTION).click()
        expect(page.get_by_text("搜索图片")).to_be_visible()
        finished(page, product)
        expect(page.get_by_test_id("stImageCaption")).to_have_count(4)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.screenshot(path=SHOTS / f"phone-{'dark' if dark else 'light'}.png")


def test_no_english_of_streamlit_is_left_on_the_page(tabs: Tabs) -> None:
    page = tabs.open()
    labels = page.evaluate(
        """() => [...document.querySelectorAll("[aria-label], [title], [placeholder]")]
            .flatMap((e) => ["aria-label", "title", "placeholder"].map((a) => e.getAttribute(a)))
            .filter((label) => label && /[A-Za-z]{3}/.test(label))"""
    )
    assert labels == []


def test_an_engine_that_dies_is_restarted_and_the_page_goes_on(
    tabs: Tabs, product: Product
) -> None:
    page = tabs.open()
    ask(page, QUESTION)
    conversation = conversation_of(page)
    keep_busy(product, conversation)
    os.kill(product.children()["engine"], signal.SIGKILL)
    away = page.get_by_role("heading", name="连不上引擎")
    expect(away.or_(page.get_by_role("heading", name="引擎正在启动"))).to_be_visible()
    expect(page.get_by_text("引擎上次意外退出").first).to_be_visible(timeout=AS_LONG_AS_IT_TAKES)
    finished(page, product)
    assert "重新启动" in product.said.read_text("utf-8")
    ask(page, "找两张水墨画风格的山")
    expect(page.get_by_test_id("stImageCaption").first).to_be_visible(timeout=AS_LONG_AS_IT_TAKES)
    finished(page, product)
    assert product.client.transcript(conversation).turns[-1].state == "finished"
