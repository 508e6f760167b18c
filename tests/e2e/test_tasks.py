"""Whole tasks: the starters see, draw, edit and hear one after the other, and a person watches."""

import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from api.client import Turn
from tests.e2e.conftest import SHOTS, Tabs
from tests.e2e.product import Product
from tests.e2e.test_chat import (
    AS_LONG_AS_IT_TAKES,
    ask,
    attach,
    conversation_of,
    finished,
    stop_buttons,
)

TASK = "找一张有桥的图，看看里面有几只船，照着它画一张夜景，读出来"
SENTENCE = "今天天气很好，我们一起去公园吧。"
STOPS_WITHIN = 5.0
"""Seconds: one of a quiet machine, and what a busy one adds."""


def needs(product: Product, *tools: str) -> None:
    offered = {tool.name for tool in product.client.about().tools}
    if missing := set(tools) - offered:
        pytest.skip(f"the profile does not offer {', '.join(sorted(missing))}")


def last_turn(page: Page, product: Product) -> Turn:
    return product.client.transcript(conversation_of(page)).turns[-1]


def steps(page: Page) -> Locator:
    """The lines of the steps, in the order they are shown."""
    return page.locator("[class*='st-key-step-'] summary")


def test_a_task_of_four_steps_passes_on_what_each_step_made(tabs: Tabs, product: Product) -> None:
    needs(product, "search_images", "ask_image", "generate_image", "edit_image", "speak")
    page = tabs.open()
    ask(page, TASK)
    finished(page, product)
    turn = last_turn(page, product)
    assert [step.state for step in turn.steps] == ["done"] * 4
    found, seen, made, read = turn.steps
    assert [found.tool, seen.tool, read.tool] == ["search_images", "ask_image", "speak"]
    assert made.tool in {"generate_image", "edit_image"}
    assert (seen.arguments or {})["image"] == found.artifacts[0].handle
    if made.tool == "edit_image":
        assert (made.arguments or {})["image"] == found.artifacts[0].handle
    assert made.artifacts[0].label
    assert (read.arguments or {})["text"] in seen.text
    titles = [re.compile(title) for title in ("搜索图片", "看图", "画图|改图", "朗读")]
    expect(steps(page)).to_have_text(titles)
    expect(page.get_by_text(f"{made.artifacts[0].handle} · AI 生成")).to_be_visible()
    expect(page.get_by_test_id("stAudio")).to_have_count(1)
    page.screenshot(path=SHOTS / "task.png", full_page=True)


def test_a_drawing_survives_a_reload_and_stops_at_once(tabs: Tabs, product: Product) -> None:
    needs(product, "generate_image")
    page = tabs.open()
    ask(page, "画八张荷塘里的小船")
    page.get_by_role("button", name="同意", exact=True).click()  # so many ask first
    preview = page.get_by_text("还在画……")
    expect(preview).to_be_visible(timeout=AS_LONG_AS_IT_TAKES)
    [before] = last_turn(page, product).steps
    page.screenshot(path=SHOTS / "drawing.png")
    page.reload()
    expect(page.locator(f".st-key-step-{before.call_id}")).to_be_visible()
    expect(preview).to_be_visible()
    expect(page.get_by_role("progressbar")).to_be_visible()
    stop_buttons(page).last.click()
    pressed = time.time()
    expect(page.get_by_text("已停止").last).to_be_visible()
    finished(page, product)
    turn = last_turn(page, product)
    assert turn.state == "cancelled"
    assert len(turn.artifacts) < 8
    assert turn.ended_at is not None
    assert turn.ended_at - pressed < STOPS_WITHIN
    assert not any(resident.leased for resident in product.client.device().residents)


def test_a_picture_is_changed_beside_its_source(tabs: Tabs, product: Product) -> None:
    needs(product, "search_images", "edit_image")
    page = tabs.open()
    ask(page, "先找一张塔的图，再把它改成夜晚")
    finished(page, product)
    found, made = last_turn(page, product).steps
    assert (made.tool, made.state) == ("edit_image", "done")
    pair = page.locator(f".st-key-pair-{made.call_id}")
    handles = [str((made.arguments or {})["image"]), f"{made.artifacts[0].handle} · AI 生成"]
    assert handles[0] in {view.handle for view in found.artifacts}
    expect(pair.get_by_test_id("stImageCaption")).to_have_text(handles)


def test_an_uploaded_sound_is_played_and_written_down(tabs: Tabs, product: Product) -> None:
    needs(product, "speak", "transcribe_audio")
    page = tabs.open()
    sound = spoken(product)
    attach(page, {"name": "录音.wav", "mimeType": "audio/wav", "buffer": sound})
    ask(page, "把这段录音转成文字")
    finished(page, product)
    turn = last_turn(page, product)
    [step] = turn.steps
    expect(steps(page)).to_have_text([re.compile("听写")])
    assert [view.handle for view in turn.attachments] == ["aud-1"]
    assert (step.tool, step.state) == ("transcribe_audio", "done")
    expect(page.get_by_test_id("stAudio")).to_have_count(1)
    expect(page.get_by_text("aud-1 · AI 生成")).to_be_visible()
    heard = "".join(segment["text"] for segment in step.details["segments"])
    right = [character for character in heard if character in SENTENCE]
    assert len(right) > len(SENTENCE) / 2
    first = re.escape(step.details["segments"][0]["text"])
    expect(page.get_by_text(re.compile(rf"^0:00\s+{first}$"))).to_be_visible()


def spoken(product: Product) -> bytes:
    """A sentence as WAV, by the product's own voice."""
    conversation = product.client.create_conversation()
    run = product.client.start_run(conversation.id, f"读一下“{SENTENCE}”")
    for _ in product.client.run_events(run.run_id):
        pass
    [turn] = product.client.transcript(conversation.id).turns
    return product.client.artifact(turn.artifacts[0].sha256)
