"""What a person does with a turn that has ended: an opinion, a branch, a sound that plays."""

from playwright.sync_api import Page, expect

from tests.e2e.conftest import SHOTS, Tabs
from tests.e2e.product import Product
from tests.e2e.test_chat import QUESTION, ask, captions, choose, conversation_of, finished

POEM = "把“小桥流水人家，古道西风瘦马”读给我听"
PLAYERS = "[...document.querySelectorAll('audio')].map((a) => [!a.paused, a.playbackRate])"


def test_an_opinion_is_given_by_keyboard_and_seen_in_another_tab(
    tabs: Tabs, product: Product
) -> None:
    page = tabs.open()
    ask(page, "你好")
    finished(page, product)
    conversation = conversation_of(page)
    phone = tabs.open(390, 844, dark=True, path=f"/?c={conversation}")
    thumb = page.get_by_role("radio", name="有用")
    thumb.focus()
    thumb.press("Enter")
    expect(page.get_by_text("记下了，只存在这台电脑上")).to_be_visible()
    page.get_by_role("button", name="补充一句").press("Enter")
    page.get_by_label("补充说明").fill("说得好")
    page.screenshot(path=SHOTS / "opinion.png")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_label("补充说明")).to_have_count(0)
    expect(phone.get_by_role("button", name="说得好")).to_be_visible()  # nobody touched this tab
    expect(phone.get_by_role("radio", name="有用")).to_be_checked()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.get_by_role("radio", name="有用").click()
    expect(page.get_by_role("button", name="说得好")).to_have_count(0)
    assert product.client.feedback(conversation) == {}


def test_an_earlier_question_in_other_words_is_a_branch_that_leads_back(
    tabs: Tabs, product: Product
) -> None:
    page = tabs.open()
    ask(page, QUESTION)
    finished(page, product)
    ask(page, "你好")
    finished(page, product)
    origin = conversation_of(page)
    page.get_by_role("button", name="改了再问").first.click()
    words = page.get_by_label("换个问法")
    words.fill("帮我找几张有塔的图")
    words.press("Control+Enter")
    back = page.get_by_role("button", name=f"分自：{QUESTION}")
    expect(back).to_be_visible()
    finished(page, product)
    expect(captions(page)).to_have_text(["img-1", "img-2", "img-3", "img-4"])
    assert conversation_of(page) != origin

    back.click()
    expect(back).to_have_count(0)
    expect(page.locator("[class*='st-key-menu-turn-']")).to_have_count(2)  # all of it has come
    branch_off(page)
    expect(back).to_be_visible()
    expect(captions(page)).to_have_text(["img-1", "img-2", "img-3", "img-4"])
    branch = conversation_of(page)
    assert [turn.text for turn in product.client.transcript(branch).turns] == [QUESTION]
    assert len(product.client.transcript(origin).turns) == 2
    choose(page, origin, "删除")
    page.get_by_role("dialog").get_by_role("button", name="删除").click()
    expect(page.get_by_text("分出它的那个对话已经删除")).to_be_visible()


def branch_off(page: Page) -> None:
    page.locator("[class*='st-key-menu-turn-'] button").first.click()
    item = page.get_by_role("menuitem", name="从这里分出新对话")
    item.or_(page.get_by_role("option", name="从这里分出新对话")).click()


def test_new_speech_plays_by_itself_once_at_the_chosen_speed(tabs: Tabs, product: Product) -> None:
    page = tabs.open()
    ask(page, POEM)
    finished(page, product)
    expect(page.get_by_test_id("stAudio")).to_have_count(1)
    page.wait_for_timeout(500)
    assert page.evaluate(PLAYERS) == [[False, 1]]  # off until somebody wants it
    page.get_by_label("新念的自动播放").check()
    page.get_by_label("播放速度").select_option("0.75")
    ask(page, POEM)
    page.wait_for_function(f"{PLAYERS}[1]?.[0]")
    finished(page, product)
    assert page.evaluate(PLAYERS) == [[False, 0.75], [True, 0.75]]
    page.reload()
    expect(page.get_by_test_id("stAudio")).to_have_count(2)
    expect(page.get_by_label("新念的自动播放")).to_be_checked()
    page.wait_for_timeout(1000)
    assert page.evaluate(PLAYERS) == [[False, 0.75], [False, 0.75]]


VOICES = """(() => {
    window.voices = [];
    const Player = window.Audio;
    window.Audio = function (source) {
        const voice = new Player(source);
        window.voices.push(voice);
        return voice;
    };
})()"""


def test_an_answer_is_read_aloud_while_it_comes_and_stopped_at_once(
    tabs: Tabs, product: Product
) -> None:
    page = tabs.open()
    page.add_init_script(VOICES)
    page.reload()
    ask(page, "你好")
    finished(page, product)
    page.get_by_role("button", name="朗读", exact=True).press("Enter")
    page.wait_for_function("voices.length && !voices[0].paused")
    page.screenshot(path=SHOTS / "reading.png")
    page.keyboard.press("Escape")
    assert page.evaluate("voices.every((voice) => voice.paused)")
    expect(page.get_by_role("button", name="停止朗读")).to_be_hidden()

    page.get_by_label("边答边读").check()
    before = page.evaluate("voices.length")
    ask(page, "你好")
    page.wait_for_function(f"voices.length > {before} && !voices.at(-1).paused")
    page.get_by_label("边答边读").uncheck()
    assert page.evaluate("voices.every((voice) => voice.paused)")
    finished(page, product)
    page.get_by_label("边答边读").check()
    page.reload()
    expect(page.get_by_role("button", name="朗读", exact=True)).to_have_count(2)
    page.wait_for_timeout(1000)
    assert page.evaluate("voices.length") == 0
