"""创作记录 in a browser: what was made is found by its words, looked at, and deleted for good."""

import io
import zipfile

from PIL import Image
from playwright.sync_api import expect

from api.artifact_schemas import ArtifactView
from tests.e2e.conftest import SHOTS, Tabs
from tests.e2e.product import Product
from tests.e2e.test_chat import ask, conversation_of, finished
from tests.e2e.test_library import english
from tests.e2e.test_tasks import needs


def test_what_was_made_is_found_and_deleted_and_its_conversation_says_so(
    tabs: Tabs, product: Product
) -> None:
    page = tabs.open()
    ask(page, "把“人间四月天”读给我听")
    finished(page, product)
    conversation = conversation_of(page)
    page.get_by_role("link", name="创作记录").click()
    page.get_by_role("textbox", name="描述里的词").fill("人间四月天")
    page.get_by_role("textbox", name="描述里的词").press("Enter")
    tile = page.get_by_role("list", name="图片").get_by_role("button", name="人间四月天")
    expect(tile).to_have_count(1)
    expect(page.get_by_text("1 件作品 ·")).to_be_visible()
    page.screenshot(path=SHOTS / "creations.png")
    tile.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("照样再做")).to_be_visible()
    assert english(page) == []
    page.screenshot(path=SHOTS / "creation.png")
    dialog.get_by_role("button", name="删除").click()
    expect(dialog.get_by_text("不能恢复")).to_be_visible()
    dialog.get_by_role("button", name="删除").click()
    expect(page.get_by_text("没有符合的作品。")).to_be_visible()
    assert not product.client.creations(words="人间四月天").creations
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(f"{page.url.split('/creations')[0]}/?c={conversation}")
    expect(page.get_by_text("aud-1 的文件不在了")).to_be_visible()


def test_two_drawings_are_compared_packed_and_one_is_made_again(
    tabs: Tabs, product: Product
) -> None:
    needs(product, "generate_image")
    page = tabs.open()
    ask(page, "画两张海边的灯塔")
    finished(page, product)
    [turn] = product.client.transcript(conversation_of(page)).turns
    made = turn.steps[0].artifacts
    assert len(made) == 2
    page.get_by_role("link", name="创作记录").click()
    tiles = page.get_by_role("list", name="图片").get_by_role("button")
    tiles.first.press("Space")
    tiles.nth(1).press("Space")
    expect(page.get_by_text("已选 2 件").or_(page.get_by_text("已选 2 张"))).to_be_visible()
    page.get_by_role("button", name="对比").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("img")).to_have_count(2)
    page.screenshot(path=SHOTS / "compare.png")
    page.keyboard.press("Escape")
    with page.expect_download() as download:
        page.get_by_role("button", name="打包下载").click()
    with zipfile.ZipFile(download.value.path()) as packed:
        assert len(packed.namelist()) == 2
    tiles.first.press("Enter")
    dialog.get_by_role("button", name="照样再做").click()
    expect(page.get_by_test_id("stChatInputTextArea")).to_be_visible()
    finished(page, product)
    again = product.client.transcript(conversation_of(page)).turns[-1].steps[0]
    assert again.state == "done"
    drawn = [pixels(product, view) for view in made]
    assert pixels(product, again.artifacts[0]) in drawn  # the same seed


def pixels(product: Product, made: ArtifactView) -> bytes:
    """The label in the file names the run that made it; the picture does not."""
    return Image.open(io.BytesIO(product.client.artifact(made.sha256))).tobytes()
