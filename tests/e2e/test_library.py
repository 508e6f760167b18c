"""图库 in a browser: look for pictures, look closely, choose, and send them to a conversation."""

import re
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.conftest import SHOTS, Tabs
from tests.e2e.product import Product
from tests.e2e.test_chat import GALLERY


def english(page: Page) -> list[str]:
    """Labels that a person reads or hears, and that are not Chinese."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("[aria-label], [placeholder]")]
            .flatMap((e) => ["aria-label", "placeholder"].map((a) => e.getAttribute(a)))
            .filter((label) => label && /[A-Za-z]{4}/.test(label))"""
    )
    return found


def test_pictures_are_found_looked_at_and_sent_to_a_conversation(tabs: Tabs) -> None:
    page = tabs.open()
    page.get_by_role("link", name="图库").click()
    expect(page.get_by_text("60 张图片 ·")).to_be_visible()
    tiles = page.get_by_role("list", name="图片").get_by_role("button")
    expect(tiles).to_have_count(60)
    page.get_by_role("textbox", name="找什么").fill("有拱桥的画 -水墨")
    page.get_by_role("textbox", name="找什么").press("Enter")
    expect(page.get_by_text("最接近的 60 张")).to_be_visible()
    expect(tiles.first).to_have_accessible_name(re.compile("bridge"))
    page.screenshot(path=SHOTS / "library.png")
    tiles.first.press("ArrowRight")
    expect(tiles.nth(1)).to_be_focused()
    tiles.nth(1).press("Space")
    expect(page.get_by_text("已选 1 张")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="打包下载").click()
    assert download.value.suggested_filename == "duomo-pictures.zip"
    tiles.first.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("512 × 512")).to_be_visible()
    page.screenshot(path=SHOTS / "picture.png")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="发到对话").click()
    dialog.get_by_role("textbox").fill("读一下上面的字")
    dialog.get_by_role("button", name="发送 1 个附件").click()
    expect(page.get_by_test_id("stChatInputTextArea")).to_be_visible()
    expect(page.get_by_text("读一下上面的字").first).to_be_visible()
    page.get_by_role("link", name="图库").click()
    page.get_by_role("button", name="筛选").click()
    expect(page.get_by_text("短边像素")).to_be_visible()
    assert english(page) == []
    page.get_by_text("粉", exact=True).click()
    expect(page.get_by_text("筛选（1）")).to_be_visible()
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.get_by_text("已选 1 张")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.screenshot(path=SHOTS / "library-phone.png")


def test_a_folder_is_added_ordered_searched_by_picture_and_taken_out(
    tabs: Tabs, product: Product, tmp_path: Path
) -> None:
    folder = tmp_path / "新图"
    folder.mkdir()
    picture = Image.open(GALLERY / "02-sign-oil.webp").convert("RGB")
    picture.save(folder / "0-招牌.jpg", quality=92)
    picture.resize((400, 400)).save(folder / "1-小招牌.jpg", quality=80)
    page = tabs.open()
    page.get_by_role("link", name="图库").click()
    page.get_by_text("文件夹（").click()
    page.get_by_role("textbox", name="添加文件夹").fill(str(folder))
    page.get_by_role("button", name="添加", exact=True).click()
    expect(page.get_by_text("62 张图片 ·")).to_be_visible()
    page.get_by_role("combobox").last.click()
    page.get_by_role("option", name="按名称").click()
    tiles = page.get_by_role("list", name="图片").get_by_role("button")
    expect(tiles.nth(1)).to_have_accessible_name(re.compile("01-bridge"))
    page.get_by_role("button", name="以图找图").click()
    page.locator("[data-testid=stFileUploaderDropzoneInput]").set_input_files(
        folder / "1-小招牌.jpg"
    )
    expect(page.get_by_text("和“1-小招牌.jpg”像的")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="不按这张图找").wait_for()
    page.get_by_role("combobox").last.click()
    page.get_by_role("option", name="按相关度").click()
    expect(tiles.nth(1)).to_have_accessible_name(re.compile("招牌|sign-oil"))
    tiles.first.click()
    expect(page.get_by_role("dialog").get_by_text(re.compile("几乎一样的 . 张"))).to_be_visible()
    page.screenshot(path=SHOTS / "near.png")
    page.keyboard.press("Escape")
    row = page.locator("[class*='st-key-folder-']").filter(has_text="新图")
    row.get_by_role("button", name="移出图库").click()
    page.get_by_role("dialog").get_by_role("button", name="移出图库").click()
    expect(page.get_by_text("最接近的 60 张 ·")).to_be_visible()
    assert product.client.library().images == 60
