"""Readings as a Mandarin speaker says them, in the symbols of misaki 1.1."""

import pytest

from models.roles.zhuyin import zhuyin


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("你好，世界。", "ㄋㄧ2ㄏㄠ3, ㄕ十4ㄐㄝ4."),
        ("看一看", "ㄎㄢ4ㄧ5ㄎㄢ4"),
        ("一起", "ㄧ4ㄑㄧ3"),
        ("一样", "ㄧ2阳4"),
        ("第一", "ㄉㄧ4ㄧ1"),
        ("一九九一", "ㄧ1ㄐ又2ㄐ又3ㄧ1"),
        ("不是", "ㄅㄨ2ㄕ十4"),
        ("不行", "ㄅㄨ4ㄒ应2"),
        ("不便宜", "ㄅㄨ4ㄆ言2ㄧ5"),
        ("纸老虎", "ㄓ十3ㄌㄠ2ㄏㄨ3"),
        ("展览馆", "ㄓㄢ2ㄌㄢ2ㄍ万3"),
        ("我们的朋友", "我3ㄇㄣ5/ㄉㄜ5/ㄆㄥ2又5"),
        ("妈妈", "ㄇㄚ1ㄇㄚ5"),
        ("一个", "ㄧ2ㄍㄜ5"),
        ("花儿", "ㄏ穵R1"),
        ("女儿", "ㄋㄩ3ㄦ2"),
        ("重庆", "ㄔ中2ㄑ应4"),
        ("重要", "ㄓ中4要4"),
        ("知识", "ㄓ十1ㄕ十5"),
        ("字词", "ㄗㄭ4ㄘㄭ2"),
        ("旅行", "ㄌㄩ3ㄒ应2"),
        ("缺", "ㄑ月1"),
        ("军队", "ㄐ云1ㄉ为4"),
        ("12", "ㄧ1ㄦ4"),
        ("嗯", "ㄋ2"),
        ("走吗？走！", "ㄗㄡ3ㄇㄚ5? ㄗㄡ3!"),
        ("ABC の 😀", ""),
        ("", ""),
    ],
)
def test_text_is_read_as_it_is_said(text: str, said: str) -> None:
    assert zhuyin(text).replace("/", "") == said.replace("/", "")


def test_words_are_divided_and_third_tones_join_short_ones() -> None:
    assert zhuyin("我很好，公园和花") == "我2ㄏㄣ2ㄏㄠ3, ㄍ中1元2/ㄏㄜ2/ㄏ穵1"
