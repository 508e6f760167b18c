"""What is said into the microphone is written down, looked at, and sent."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import SHOTS
from tests.e2e.product import Product, launch
from tests.e2e.test_chat import conversation_of, finished
from tests.e2e.test_tasks import needs, spoken
from tests.fixtures.sounds import encoded
from tests.fixtures.voices import silence

SPOKEN_MS = 4_500  # the sentence, and a little


@contextmanager
def recorded(browser: Browser, product: Product, sound: Path) -> Iterator[Page]:
    """A page on which a person has recorded `sound`, and taken it."""
    talking = launch(browser.browser_type, microphone=sound)
    page = talking.new_context(locale="zh-CN", permissions=["microphone"]).new_page()
    page.goto(product.url)
    page.get_by_role("button", name="录音", exact=True).click()
    expect(page.get_by_test_id("stChatInputWaveform")).to_be_visible()
    page.wait_for_timeout(SPOKEN_MS)
    page.get_by_role("button", name="用这段录音").click()
    yield page
    talking.close()


def test_a_recording_becomes_words_that_can_be_changed_before_they_are_sent(
    browser: Browser, product: Product, tmp_path: Path
) -> None:
    needs(product, "speak", "transcribe_audio")
    voice = tmp_path / "voice.wav"
    voice.write_bytes(spoken(product))
    with recorded(browser, product, voice) as page:
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


def test_a_recording_without_words_can_go_along_as_it_is(
    browser: Browser, product: Product, tmp_path: Path
) -> None:
    needs(product, "transcribe_audio")
    nothing = tmp_path / "silence.wav"
    nothing.write_bytes(encoded("wav", silence(6), 16_000))
    with recorded(browser, product, nothing) as page:
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text("没有听出话来。")).to_be_visible()
        page.screenshot(path=SHOTS / "unheard.png")
        dialog.get_by_role("button", name="发送 1 个附件").click()
        finished(page, product)
        [turn] = product.client.transcript(conversation_of(page)).turns
        assert [view.kind for view in turn.attachments] == ["audio"]
