"""Words from outside have no effect but to be read."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ui.untrusted import as_label, as_markdown, one_line, plain

HOSTILE = [
    "![x](http://evil.example/x.png)",
    "\\![x](http://evil.example/x.png)",
    "\\\\![x](http://evil.example/x.png)",
    "[![x](http://evil.example/x.png)](http://evil.example)",
    "![x][1]\n\n[1]: http://evil.example/x.png",
    "`code` ![x](http://evil.example/x.png) `",
    "``` ![x](http://evil.example/x.png)",
    "<img src='http://evil.example/x.png'>",
]
commonmark = MarkdownIt("commonmark", {"html": False})


@pytest.mark.parametrize("text", HOSTILE)
def test_a_models_markdown_never_loads_a_picture(text: str) -> None:
    assert "<img" not in commonmark.render(as_markdown(text))


@given(st.text(alphabet="!\\[]()`<>:$*_ \nxh/.", max_size=60))
def test_no_mixture_of_signs_makes_a_picture(text: str) -> None:
    assert "<img" not in commonmark.render(as_markdown(text))
    assert "<img" not in commonmark.render(as_label(text))


def test_a_models_emphasis_lists_and_code_stay() -> None:
    html = commonmark.render(as_markdown("**拱桥**\n\n- 一\n- `a[:red]`"))
    assert "<strong>拱桥</strong>" in html
    assert "<li>一</li>" in html
    assert "<code>a[:red]</code>" in html


@given(st.text(max_size=60))
def test_a_label_is_read_letter_by_letter(text: str) -> None:
    html = commonmark.render(as_label(text))
    assert not re.search(r"<(?!/?p>)", html)


def test_prices_and_colons_are_shown_as_written() -> None:
    assert as_markdown("$5 和 $6") == "\\$5 和 \\$6"
    assert ":material/home:" not in as_markdown(":material/home:")
    assert as_markdown("看 http://a.b/c") == "看 http://a.b/c"


def test_control_sequences_and_reordering_marks_are_gone() -> None:
    assert plain("红\x1b[31m字\u202e倒\r\n行") == "红[31m字倒\n行"


def test_a_long_line_is_cut_with_a_sign() -> None:
    assert one_line("一\n二  三" + "长" * 100, 8) == "一 二 三长长…"
