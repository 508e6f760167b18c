"""What is said into the microphone is written down, looked at, and sent."""

import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.e2e.conftest import SHOTS
from tests.e2e.product import Product, launch
from tests.e2e.test_chat import conversation_of, finished
from tests.e2e.test_tasks import needs, spoken

SPOKEN_MS = 4_500  # the sentence, and a little


def test_a_recording_becomes_words_that_can_be_changed_before_they_are_sent(
    browser: Browser, product: Product, tmp_path: Path
) -> None:
    needs(product, "speak", "transcribe_audio")
    voice = tmp_path / "voice.wav"
    voice.write_bytes(spoken(product))
    talking = launch(browser.browser_type, microphone=voice)
    page = talking.new_context(locale="zh-CN", permissions=["microphone"]).new_page()
    page.goto(product.url)
    page.get_by_role("button", name="录音", exact=True).click()
    expect(page.get_by_test_id("stChatInputWaveform")).to_be_visible()
    page.wait_for_timeout(SPOKEN_MS)
    page.screenshot(path=SHOTS / "recording.png")
    page.get_by_role("button", name="用这段录音").click()
    box = page.get_by_test_id("stChatInputTextArea")
    expect(box).to_have_value(re.compile("天气|公园"))
    expect(box).to_be_focused()
    page.screenshot(path=SHOTS / "dictated.png")
    box.press("ControlOrMeta+a")
    page.keyboard.type("你好")
    box.press("Enter")
    finished(page, product)
    [turn] = product.client.transcript(conversation_of(page)).turns
    assert (turn.text, turn.attachments) == ("你好", ())
    talking.close()
