"""设置 against a real engine; no browser."""

import tomllib

import pytest
from streamlit.testing.v1 import AppTest

from duomo.settings import TOML_NAME, Settings
from tests.api.conftest import Running, Serve
from ui.web.words import words

pytestmark = pytest.mark.usefixtures("nothing_cached")


@pytest.fixture
def running(engine: Serve) -> Running:
    running = engine()
    (running.settings.home / TOML_NAME).write_text('profile = "tiny"\n', "utf-8")
    return running


def _script() -> None:
    from ui.web.pages import settings

    settings.show()


def opened() -> AppTest:
    page = AppTest.from_function(_script, default_timeout=20).run()
    assert not page.exception
    return page


def saved(page: AppTest) -> AppTest:
    page.button(key="save").click().run()
    assert not page.exception
    return page


def test_what_was_changed_is_saved_and_nothing_else(running: Running) -> None:
    page = opened()
    page.number_input(key="setting-max_steps").set_value(12)
    page.text_input(key="setting-mirrors").set_value("https://a.example，https://b.example")
    page = saved(page)
    assert tomllib.loads((running.settings.home / TOML_NAME).read_text("utf-8")) == {
        "profile": "tiny",
        "max_steps": 12,
        "mirrors": ["https://a.example", "https://b.example"],
    }
    assert any("一个问题最多让模型想几步" in shown.value for shown in page.markdown)


def test_a_value_that_cannot_hold_is_told_in_plain_words(running: Running) -> None:
    page = opened()
    page.text_input(key="setting-budget").set_value("lots")
    page = saved(page)
    assert "budget" in page.error[0].value
    assert "budget" not in (running.settings.home / TOML_NAME).read_text("utf-8")


def test_what_decides_who_can_connect_is_shown_but_not_offered(running: Running) -> None:
    assert running
    assert opened().text_input(key="setting-host").disabled


def test_every_setting_has_a_name_that_people_read() -> None:
    assert set(Settings.model_fields) <= set(words().keys("setting"))
