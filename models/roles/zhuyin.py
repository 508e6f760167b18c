"""Mandarin text as the symbols that Kokoro's Chinese checkpoints were trained on.

A syllable is its initial in zhuyin, its final (zhuyin where simple, else one Chinese character that
stands for it), R where it ends in 儿, and its tone from 1 to 5; words are divided by `/`. The
symbols are those of misaki, the front end it was trained with (https://github.com/hexgrad/misaki,
version 1.1); words and parts of speech come from jieba's dictionary, readings from pypinyin's.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeGuard

import rjieba
from pypinyin import Style, lazy_pinyin

_SOUNDS = (
    "b p m f d t n l g k h j q x zh ch sh r z c s a o e ie ai ei ao ou an en ang eng er i u v "
    "ii iii ve ia ian iang iao in ing iong iou ong ua uai uan uang uei uen ueng uo van vn"
)
_LETTERS = (
    "ㄅㄆㄇㄈㄉㄊㄋㄌㄍㄎㄏㄐㄑㄒㄓㄔㄕㄖㄗㄘㄙㄚㄛㄜㄝㄞㄟㄠㄡㄢㄣㄤㄥㄦㄧㄨㄩ"
    "ㄭ十月压言阳要阴应用又中穵外万王为文瓮我元云"
)
_SYMBOLS = dict(zip(_SOUNDS.split(), _LETTERS, strict=True))
_STOPS = str.maketrans(
    {"，": ", ", "、": ", ", "。": ". ", "！": "! ", "？": "? ", "；": "; ", "：": ": ", "…": "…"}
)
_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")
_HAN = re.compile(r"[一-鿿㐀-䶿〇]+")
_SPOKEN_STOPS = frozenset(";:,.!?…—")

# Words whose last syllable is unstressed, where pypinyin's dictionary gives it its full tone.
_LIGHT = frozenset(
    (  # noqa: SIM905
        "东西 朋友 知道 知识 先生 认识 喜欢 意思 时候 衣服 漂亮 明白 眼睛 耳朵 太阳 "
        "月亮 地方 事情 消息 休息 舒服 清楚 告诉 觉得 厉害 便宜 聪明 关系 客气 "
        "窗户 头发 葡萄 萝卜 豆腐 麻烦 打听 打算 打扮 答应 大夫 动静 故事 规矩 "
        "合同 胡同 护士 热闹 暖和 名字 姑娘 玻璃 凉快 粮食 力气 利落 脾气 亲戚 "
        "商量 收拾 算盘 委屈 稀罕 媳妇 笑话 心思 学问 钥匙 丈夫 招呼 折腾 主意 "
        "转悠 庄稼 嘴巴 扫帚 行李 应酬 云彩 师傅 师父 相声 秀才 牲口 生意 使唤 "
        "似的 石榴 疏忽 抽屉 除了 畜生 窝囊 稳当 吓唬 新鲜 兄弟 兴头 养活 吆喝 "
        "妖精"
    ).split()
)
_FULL_ER = frozenset(
    (  # noqa: SIM905
        "女儿 婴儿 孤儿 幼儿 胎儿 健儿 男儿 孙儿 侄儿 少儿 患儿 孩儿 宠儿 混血儿 产儿 新生儿 儿"
    ).split()
)  # 儿 is a syllable of its own in them


@dataclass
class _Syllable:
    initial: str
    final: str
    tone: str  # 1 to 5
    er: str = ""

    def __str__(self) -> str:
        # e with 儿 is er itself
        final, er = ("er", "") if self.er and self.final == "e" else (self.final, self.er)
        return _SYMBOLS.get(self.initial, "") + _SYMBOLS.get(final, "") + er + self.tone


def zhuyin(text: str) -> str:
    """Chinese characters, digits and stops in symbols; anything else is left out.

    >>> zhuyin("你好，世界。")
    'ㄋㄧ2ㄏㄠ3, ㄕ十4ㄐㄝ4.'
    """
    units: list[list[_Syllable] | str] = []
    for word, kind in _words(text.translate(_DIGITS).translate(_STOPS)):
        spoken = _syllables(word, kind) if _HAN.fullmatch(word) else None
        if spoken is None:
            units.append("".join(c for c in word if c in _SPOKEN_STOPS or c.isspace()))
        elif units and _rises_into(units[-1], spoken):
            *first, last = units[-1]
            units[-1] = [*first, replace(last, tone="2"), *spoken]
        elif spoken:
            units.append(spoken)
    return " ".join(_written(units).split())


def _written(units: "list[list[_Syllable] | str]") -> str:
    written = ""
    for before, unit in zip(["", *units], units, strict=False):
        if isinstance(unit, str):
            written += unit
        else:
            written += ("/" if isinstance(before, list) else "") + "".join(map(str, unit))
    return written


def _rises_into(
    before: "list[_Syllable] | str", word: "list[_Syllable]"
) -> "TypeGuard[list[_Syllable]]":
    """Whether short words are said as one, third tone before third: 很好, 我想, 有拱桥."""
    if isinstance(before, str) or not word or len(before) + len(word) > 3:
        return False
    return before[-1].tone == word[0].tone == "3"


def _words(text: str) -> Iterator[tuple[str, str]]:
    """(word, part of speech); 一 and 不 belong to the word that tells how they sound."""
    before = ""
    for word, kind in rjieba.tag(text):
        if not before and word in ("一", "不"):
            before = word
            continue
        if before and not _HAN.fullmatch(word):
            yield before, "d"
            before = ""
        yield before + word, kind
        before = ""
    if before:
        yield before, "d"


def _syllables(word: str, kind: str) -> list[_Syllable]:
    parts = [word[0], word[1:]] if word[0] == "不" and len(word) > 1 else [word]  # 不|便宜
    initials = lazy_pinyin(parts, style=Style.INITIALS)
    finals = lazy_pinyin(parts, style=Style.FINALS_TONE3, neutral_tone_with_five=True)
    spoken = [
        _syllable(initial, "n2" if character == "嗯" else final)
        for character, initial, final in zip(word, initials, finals, strict=True)
        if final[-1:].isdigit() or character == "嗯"
    ]
    if len(spoken) == len(word):
        _change_tones(word, kind, spoken)
        if word.endswith("儿") and word not in _FULL_ER:
            spoken.pop()
            spoken[-1].er = "R"
    return spoken


def _syllable(initial: str, final: str) -> _Syllable:
    """The i of 字 and that of 知 are sounds of their own."""
    name, tone = final[:-1], final[-1]
    if name == "i" and initial in ("z", "c", "s"):
        name = "ii"
    elif name == "i" and initial in ("zh", "ch", "sh", "r"):
        name = "iii"
    return _Syllable(initial, name, tone)


def _change_tones(word: str, kind: str, spoken: list[_Syllable]) -> None:
    """Tones as they are said in a word: 不, 一, unstressed syllables, third before third."""
    for i, character in enumerate(word):
        following = spoken[i + 1].tone if i + 1 < len(word) else ""
        between = 0 < i < len(word) - 1 and word[i - 1] == word[i + 1]
        if character in "一不" and between:  # 看一看, 好不好
            spoken[i].tone = "5"
        elif character == "不" and following == "4":
            spoken[i].tone = "2"
        elif character == "一" and following and word[:i] != "第" and not _is_number(word):
            spoken[i].tone = "2" if following == "4" else "4"
    if _ends_light(word, kind):
        spoken[-1].tone = "5"
    _change_third_tones(word, spoken)


def _is_number(word: str) -> bool:
    return all(character in "零〇一二三四五六七八九十点" for character in word)


def _ends_light(word: str, kind: str) -> bool:
    last = word[-1]
    if word in _LIGHT or word[-2:] in _LIGHT or last in "吧呢啊呐嘛吗哟的":
        return True
    if len(word) == 1:
        return (last, kind) in (
            ("了", "ul"),
            ("着", "uz"),
            ("过", "ug"),
            ("地", "uv"),
            ("得", "ud"),
        )
    doubled = last == word[-2] and kind[:1] in ("n", "v", "a")
    counted = last == "个" and word[-2] in "一两三四五六七八九十百几半多各每这那哪"
    suffix = (last in "们子" and kind[:1] in ("r", "n")) or (last in "上下里" and kind in "slf")
    return doubled or counted or suffix


def _change_third_tones(word: str, spoken: list[_Syllable]) -> None:
    """Of two third tones the first rises; of three in 纸老虎 (one and two) only the middle one."""
    thirds = [syllable.tone == "3" for syllable in spoken]
    one_and_two = thirds == [True] * 3 and word[1:] in rjieba.cut_for_search(word)
    for i in range(len(spoken) - 1):
        if thirds[i] and thirds[i + 1] and not (one_and_two and i == 0):
            spoken[i].tone = "2"
