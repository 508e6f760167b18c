"""Both locales say the same things, and the Chinese one says them in Chinese."""

import re
import string
from pathlib import Path

import pytest

import ui
from ui.strings import Strings, load_strings
from ui.web.server import chrome_words

ROOT = Path(ui.__file__).parent
FOLDERS = [ROOT / "commands" / "strings", ROOT / "web" / "strings"]
# Names that are the same in Chinese, and what a person types.
NAMES = {
    *("AI", "CLIP", "HTTP", "JSON", "Python", "PyTorch", "Ctrl", "C", "DUOMO", "HOME", "PROFILE"),
    *("model", "url"),
    *("duomo", "index", "logs", "engine", "log", "ui", "image", "port", "budget", "device", "auto"),
    *("models", "profiles", "toml", "uv", "sync", "fonts", "noto", "cjk", "GB", "GiB"),
    *(
        "profile",
        "list",
        "huggingface",
        "modelscope",
        "llm",
        "clip",
        "vlm",
        "t",
        "i",
        "edit",
        *("asr", "Hugging", "Face", "Apache", "OpenAI"),
    ),
}


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("folder", FOLDERS, ids=["terminal", "page"])
def test_both_locales_have_the_same_keys_and_fields(folder: Path) -> None:
    zh, en = load_strings(folder, "zh-CN"), load_strings(folder, "en")
    assert zh.names() == en.names()
    differ = [k for k in zh.names() if fields(zh.template(k)) != fields(en.template(k))]
    assert not differ


SAID_TO_THE_MODEL = {
    "welcome.similar_question", "chat.only_picture", "chat.only_sound", "about.question",
    "about.query", "artifact.similar_question", "artifact.look_question",
    "artifact.read_question", "artifact.change_question",
}  # fmt: skip
"""It knows Chinese."""


@pytest.mark.parametrize("folder", FOLDERS, ids=["terminal", "page"])
def test_no_english_leaks_into_chinese(folder: Path) -> None:
    zh = load_strings(folder, "zh-CN")
    leaks = {
        key: words
        for key in zh.names()
        if (
            words := set(re.findall(r"[A-Za-z]+", re.sub(r"\{.*?\}", "", zh.template(key)))) - NAMES
        )
    }
    assert not leaks


@pytest.mark.parametrize("folder", FOLDERS, ids=["terminal", "page"])
def test_no_chinese_leaks_into_english(folder: Path) -> None:
    en = load_strings(folder, "en")
    leaks = [key for key in en.names() if re.search(r"[\u4e00-\u9fff]", en.template(key))]
    assert set(leaks) <= SAID_TO_THE_MODEL


def test_the_source_of_the_page_names_only_keys_that_exist() -> None:
    page = load_strings(FOLDERS[1], "zh-CN")
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "web").rglob("*.py"))
    named = set(re.findall(r'(?:\btext|words\(\))\("([a-z_.\-]+)"', sources))
    assert named
    assert named <= page.names()


def test_words_that_are_filled_in_are_no_template() -> None:
    text = Strings({"found": "找到 {name}"}, "zh-CN")
    assert text("found", name="{0.__class__}") == "找到 {0.__class__}"


def test_streamlits_own_texts_are_translated_only_where_the_page_is_not_english() -> None:
    assert chrome_words("zh-CN")["Send message"] == "发送"
    assert chrome_words("en") == {}
