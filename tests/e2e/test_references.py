"""Turn after turn about one picture, through a restart, and the first one with another seed."""

import os
import signal

from playwright.sync_api import expect

from tests.e2e.conftest import SHOTS, Tabs
from tests.e2e.product import START_SECONDS, Product
from tests.e2e.test_chat import AS_LONG_AS_IT_TAKES, ask, conversation_of, finished
from tests.e2e.test_steps import button
from tests.e2e.test_tasks import needs


def test_three_turns_speak_of_one_picture_and_its_seed_is_changed_afterwards(
    tabs: Tabs, product: Product
) -> None:
    needs(product, "generate_image", "edit_image", "ask_image")
    page = tabs.open()
    ask(page, "画一张草地上的小狗")
    finished(page, product)
    conversation = conversation_of(page)
    ask(page, "把它改成夜晚")
    finished(page, product)
    os.kill(product.children()["engine"], signal.SIGKILL)
    product.client.wait_ready(START_SECONDS)
    page = tabs.open(path=f"/?c={conversation}")
    ask(page, "刚才那张里有几只小狗")
    finished(page, product)
    drawn, changed, asked = (
        turn.steps[0] for turn in product.client.transcript(conversation).turns
    )
    assert (changed.arguments or {})["image"] == drawn.artifacts[0].handle
    assert (asked.arguments or {})["image"] == changed.artifacts[0].handle

    button(page, "改参数重做").first.click()
    page.get_by_label("种子").fill("7")
    button(page, "重做").click()
    expect(button(page, "用新的结果重做")).to_be_visible(timeout=AS_LONG_AS_IT_TAKES)
    page.screenshot(path=SHOTS / "another-seed.png", full_page=True)
    again = product.client.transcript(conversation).turns[-1].steps[0]
    assert (again.arguments or {})["seed"] == 7
    assert again.artifacts[0].sha256 != drawn.artifacts[0].sha256
