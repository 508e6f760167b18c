"""A person's hands on the steps: asked first, changed, through a restart, and carried out again."""

import os
import signal

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import SHOTS, Tabs
from tests.e2e.product import START_SECONDS, Product
from tests.e2e.test_chat import AS_LONG_AS_IT_TAKES, QUESTION, ask, conversation_of, finished

SCORE = "第一张和“春江花月夜”配吗，打个分"


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def shots(page: Page, name: str) -> None:
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def test_a_step_is_changed_before_it_runs_and_another_redone_after_a_restart(
    tabs: Tabs, product: Product
) -> None:
    page = tabs.open()
    ask(page, QUESTION)
    finished(page, product)
    ask(page, SCORE)
    expect(page.get_by_text("要先问你一声：图文评分")).to_be_visible(timeout=AS_LONG_AS_IT_TAKES)
    conversation = conversation_of(page)
    os.kill(product.children()["engine"], signal.SIGKILL)
    product.client.wait_ready(START_SECONDS)

    # Another tab, a phone at that, finds the step where it was; it changes what is asked.
    phone = tabs.open(390, 844, dark=True, path=f"/?c={conversation}")
    expect(button(phone, "同意")).to_be_visible(timeout=AS_LONG_AS_IT_TAKES)
    shots(phone, "asks-phone-dark")
    button(phone, "改参数").click()
    words = phone.get_by_label("文字")
    words.fill("雪地里的塔")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    shots(phone, "changes-phone-dark")
    words.press("Tab")
    button(phone, "按新的参数做").press("Enter")
    expect(button(phone, "按新的参数做")).to_have_count(0)
    finished(page, product)
    scored = product.client.transcript(conversation).turns[-1].steps[0]
    assert (scored.state, (scored.arguments or {})["text"]) == ("done", "雪地里的塔")
    expect(button(page, "同意")).to_have_count(0)  # nobody touched this tab

    button(page, "改参数重做").first.click()
    page.get_by_label("张数").fill("2")
    shots(page, "redo")
    button(page, "重做").click()
    expect(page.get_by_text("后面有 1 步用到了旧的结果：图文评分")).to_be_visible(
        timeout=AS_LONG_AS_IT_TAKES
    )
    shots(page, "offer")
    button(page, "用新的结果重做").click()
    expect(button(page, "用新的结果重做")).to_have_count(0)
    expect(page.get_by_text("img-5的图文分").last).to_be_visible(timeout=AS_LONG_AS_IT_TAKES)
    found, _, redone, followed = product.client.transcript(conversation).turns
    assert [view.handle for view in redone.steps[0].artifacts] == ["img-5", "img-6"]
    assert (followed.steps[0].arguments or {})["image"] == "img-5"
    assert len(found.steps[0].artifacts) == 4
    shots(page, "followed")
