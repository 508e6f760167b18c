"""What somebody who had never seen the page stumbled over."""

from pathlib import Path

from PIL import Image
from playwright.sync_api import expect

from tests.e2e.conftest import SHOTS, Tabs
from tests.e2e.product import Product
from tests.e2e.test_chat import GALLERY, ask, attach, conversation_of, finished, keep_busy

BROKEN = b"\xff\xd8\xff\xe0 no picture"


def test_a_file_that_cannot_be_used_takes_nothing_with_it(
    tabs: Tabs, product: Product, tmp_path: Path
) -> None:
    broken = tmp_path / "坏的.jpg"
    broken.write_bytes(BROKEN)
    page = tabs.open()
    attach(page, broken, GALLERY / "02-sign-oil.webp")
    page.get_by_test_id("stChatInputTextArea").fill("读一下上面的字")
    expect(page.get_by_test_id("stChatInputSubmitButton")).to_be_enabled()  # files have arrived
    page.get_by_test_id("stChatInputTextArea").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("坏的.jpg：图片损坏")).to_be_visible()
    expect(dialog.get_by_role("textbox", name="要问什么")).to_have_value("读一下上面的字")
    page.screenshot(path=SHOTS / "refused.png")
    dialog.get_by_role("button", name="发送 1 个附件").click()
    expect(dialog).to_be_hidden()
    finished(page, product)
    [turn] = product.client.transcript(conversation_of(page)).turns
    assert (turn.text, len(turn.attachments)) == ("读一下上面的字", 1)


# Timers without a delay wait past the page's next look by itself, as they may where all is slow.
SLOW = """
    const soon = window.setTimeout;
    window.setTimeout = (call, delay, ...rest) =>
        soon(call, !delay && window.slow ? 5000 : delay, ...rest);
"""


def test_a_question_sent_when_the_page_looks_by_itself_is_asked_once(
    tabs: Tabs, product: Product
) -> None:
    page = tabs.open()
    page.add_init_script(SLOW)
    page.reload()
    attach(page, GALLERY / "02-sign-oil.webp")
    page.evaluate("window.slow = true")
    ask(page, "读一下上面的字")
    page.wait_for_timeout(6_000)  # past what was held back
    page.evaluate("window.slow = false")
    finished(page, product)
    [turn] = product.client.transcript(conversation_of(page)).turns
    assert len(turn.attachments) == 1


def test_a_change_is_written_on_at_once(tabs: Tabs, product: Product) -> None:
    page = tabs.open()
    attach(page, GALLERY / "02-sign-oil.webp")
    ask(page, "读一下上面的字")
    finished(page, product)
    page.locator("[class*=st-key-tools-] button").first.click()
    page.get_by_text("改一改", exact=True).click()
    box = page.get_by_test_id("stChatInputTextArea")
    expect(box).to_be_focused()
    expect(box).to_have_value("把img-1")
    page.keyboard.type("改成夜晚")
    expect(box).to_have_value("把img-1改成夜晚")
    page.keyboard.press("Enter")
    expect(page.get_by_text("改图").first).to_be_visible()
    finished(page, product)


REBUILT = """
    window.rebuilt = false;
    new MutationObserver((changes) => {
        for (const change of changes)
            for (const node of change.removedNodes)
                window.rebuilt ||= !!node.querySelector?.("[class*=st-key-tools-]");
    }).observe(document, { subtree: true, childList: true });
"""


def test_what_is_opened_in_a_first_question_is_not_closed_by_the_rest_of_the_page(
    tabs: Tabs, product: Product
) -> None:
    page = tabs.open()
    page.add_init_script(REBUILT)
    page.reload()
    attach(page, GALLERY / "02-sign-oil.webp")
    ask(page, "读一下上面的字")
    finished(page, product)
    expect(page.get_by_test_id("stChatInputTextArea")).to_have_count(1)
    assert not page.evaluate("window.rebuilt")


def test_a_change_is_begun_while_an_answer_is_still_waited_for(
    tabs: Tabs, product: Product
) -> None:
    page = tabs.open()
    attach(page, GALLERY / "02-sign-oil.webp")
    # Ahead of the question, and longer than the hand on the menu takes.
    ahead = [keep_busy(product, product.client.create_conversation().id) for _ in range(3)]
    ask(page, "读一下上面的字")
    page.locator("[class*=st-key-tools-] button").first.click()
    page.get_by_text("改一改", exact=True).click()
    box = page.get_by_test_id("stChatInputTextArea")
    expect(box).to_have_value("把img-1")
    expect(box).to_be_focused()
    assert product.client.transcript(conversation_of(page)).running
    for run_id in ahead:
        product.client.cancel_run(run_id)
    finished(page, product)
    expect(box).to_have_value("把img-1")


def test_an_answer_is_read_once_for_a_press(tabs: Tabs, product: Product) -> None:
    page = tabs.open()
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "/duomo-speech/" in r.url else None)
    ask(page, "你好")
    finished(page, product)
    page.get_by_role("button", name="朗读", exact=True).click()
    expect(page.get_by_role("button", name="停止朗读")).to_be_visible()
    page.get_by_role("button", name="停止朗读").click()
    before = len(asked)
    assert before
    page.get_by_role("button", name="新对话").click()
    expect(page.get_by_role("heading", name="想看什么")).to_be_visible()
    expect(page.get_by_test_id("stChatInputTextArea")).to_have_count(1)
    ask(page, "你会做什么？")
    expect(page.get_by_text("直接用一句话说出要做什么").first).to_be_visible()
    finished(page, product)
    page.wait_for_timeout(1_000)
    assert len(asked) == before


def test_the_menu_of_a_phone_gives_way_to_what_was_chosen(tabs: Tabs) -> None:
    page = tabs.open()
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    page.get_by_role("button", name="展开侧栏").click()
    page.get_by_role("link", name="图库").click()
    expect(page.get_by_role("textbox", name="找什么")).to_be_visible()
    expect(page.get_by_role("button", name="展开侧栏")).to_be_visible()
    expect(page.get_by_role("link", name="图库")).not_to_be_in_viewport()


def test_of_a_picture_from_elsewhere_it_says_what_the_starter_cannot_see(
    tabs: Tabs, product: Product, tmp_path: Path
) -> None:
    Image.linear_gradient("L").convert("RGB").save(tmp_path / "自己的.png")
    page = tabs.open()
    attach(page, tmp_path / "自己的.png")
    ask(page, "这张图里有什么？")
    finished(page, product)
    [turn] = product.client.transcript(conversation_of(page)).turns
    assert [step.tool for step in turn.steps] == ["ask_image"]
    expect(page.get_by_text("看不懂照片")).to_be_visible()
