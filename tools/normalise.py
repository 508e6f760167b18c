"""Chinese text as it is read aloud: numbers, dates, times, units, money and symbols in words.

One table of rules, tried in order; each turns what it recognises into Chinese characters, so a
later rule never sees it again. What is left in Latin letters is for the voice to spell.
"""

import re
from collections.abc import Callable

from tools import readings as say
from tools.numbers import decimal, digits, telephone_digits

_FULL_WIDTH = {c: c - 0xFEE0 for c in range(0xFF01, 0xFF5F) if chr(c) not in "，！？；：（）"}
_VARIANTS = str.maketrans({"−": "-", "﹣": "-", "〜": "~", "∼": "~", "％": "%", "㎡": "m²"})

# 两 before what is counted; 二 before what is numbered (月, 日, 号, 楼, 班, 等, 年级).
_MEASURES = (
    "个(?!位)|只|张|条|本|位|次|天|周(?!年)|块|元|分|秒|米|里|斤|公|千|万|亿|百|倍|人|小时|岁|种|类|家|所|座|"
    "栋|辆|台|部|首|篇|句|段|页|杯|瓶|碗|把|双|对|套|件|间|朵|棵|匹|头|匙|架|颗|粒|支|枝|根|片|群|"
    "年(?!级|代)|点|遍|趟|层|步|幅|副|名|份|项|道|场|度|吨|克|升|平方|立方|厘米|毫|摄氏度|美元|欧元|"
    "港元|英镑|字|行|口|国|地|者|方|队|组|集|章节|盒|袋|包|箱|瓣|滴|则|艘|顶|盏|扇|刻钟|分钟"
)
# What a numeral can begin or end with once it is in words: the two sides of a spoken range.
_NUMERAL = "零一二三四五六七八九十百千万亿两幺半"
_ENDS = _NUMERAL + "年月日号点分秒天元米里斤克度时钟整"

N = r"(?<![0-9])(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?"  # a number as written
_START, _END = r"(?<![0-9A-Za-z.])", r"(?![0-9A-Za-z])"
_TO = r"[-~—–至到]+"
_YEAR = r"(?:19|20)[0-9]{2}"
_UNIT = "|".join(re.escape(unit) for unit in sorted(say.UNITS, key=len, reverse=True))
_CURRENCY = "|".join(re.escape(sign) for sign in say.CURRENCIES)
_SYMBOL = "".join(re.escape(symbol) for symbol in say.SYMBOLS)
_CUE = "拨打|拨|致电|电话|热线|号码|编号|单号|验证码|密码|尾号|邮编|房间|账号|卡号|QQ|代码"
_SERVICE = "10086|10010|12306|12315|12345|(?<=打)(?:1[12][0-9]|95[0-9]{3})"
_HAN = "一-鿿"
_SPEAKABLE = rf"{_HAN}㐀-䶿𠀀-𪛟々〇A-Za-zÀ-ɏ'，。！？；：、,.!?;:\s-"
_YMD = r"(?P<y>[12][0-9]{3})\s?(?P<sep>[-/.])(?P<m>[0-9]{1,2})(?P=sep)(?P<d>[0-9]{1,2})"
_MONTH_DAY = r"(?P<m>[0-9]{1,2})\s?月(?:\s?(?P<d>[0-9]{1,2})\s?[日号])?"
_MINUTES = r"(?P<m>[0-9]{2})(?:[:：](?P<s>[0-5][0-9]))?"
_DEGREES = rf"(?P<n>{N})(?:℃|°C)?(?:[-~—–至到]+?(?P<below>-)?(?P<to>{N}))?\s?(?:℃|°C)"
_BRACKETS = r"[()（）\[\]【】〔〕{}《》〈〉|]|——?|–|-{2,}|……?|\.{3,}"

RULES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    # addresses and codes: digit by digit
    (rf"(?:https?://|www\.)[^\s，。！？；、）){_HAN}]+", lambda _: "网址"),
    (r"([A-Za-z0-9_.+-]+)@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})", say.email),
    (rf"{_START}[1-9][0-9]{{5}}(?:18|19|20)[0-9]{{9}}[0-9Xx]{_END}", say.identity),
    (rf"{_START}(?:\+?86[- ]?)?1[3-9][0-9][- ]?[0-9]{{4}}[- ]?[0-9]{{4}}{_END}", say.telephone),
    (rf"{_START}0[0-9]{{2,3}}[- ][0-9]{{7,8}}{_END}", say.telephone),
    (rf"{_START}[48]00[- ]?[0-9]{{3}}[- ]?[0-9]{{4}}{_END}", say.telephone),
    (rf"((?:{_CUE})(?:号|是|为|：|:)?\s*)([0-9]{{3,}})(?![0-9.,]|[个位元人])", say.after_cue),
    (rf"{_START}(?:{_SERVICE}){_END}(?!\s?(?:{_MEASURES}))", say.telephone),
    (rf"{_START}[0-9]{{3,4}}(?=室|房间|号房|路公交)", say.telephone),
    # dates, times, scores
    (rf"{_START}{_YMD}日?{_END}", say.date),
    (rf"{_START}(?P<y>[12][0-9]{{3}})\s?年\s?{_MONTH_DAY}", say.date),
    (rf"{_START}(?P<y>{_YEAR})[-/](?P<m>0[1-9]|1[0-2])(?P<d>){_END}", say.date),
    (rf"{_START}({_YEAR}){_TO}({_YEAR})(?=[学年财]|{_END})", say.years),
    (rf"{_START}((?:1[0-9]|20|21)[0-9]{{2}})\s?年(?![前后来的间以之多])", say.year),
    (rf"{_START}([0-9]0)后", lambda m: f"{digits(m[1])}后"),
    (rf"{_START}[0-9]+(?:\.[0-9]+){{2,}}{_END}", say.dotted),
    (r"(?<=比分)([0-9]+)\s?[-:：]\s?([0-9]+)", say.ratio),
    (rf"{_START}(?P<h>[0-9]{{1,2}})[:：]{_MINUTES}(?:\s?(?P<half>[AaPp][Mm]))?{_END}",
     say.clock_time),
    (rf"{_START}({N})\s?[:：]\s?({N}){_END}", say.ratio),
    # quantities
    (rf"(?P<sign>{_CURRENCY})\s?(?P<n>{N})(?P<scale>[千万亿]{{0,2}})", say.money),
    (rf"(?P<minus>(?<![0-9%])-)?(?P<n>{N})%?(?:{_TO}(?P<to>{N}))?\s?(?P<sign>[%‰])", say.percent),
    (rf"(?P<minus>(?<![0-9])-)?{_DEGREES}", say.temperature),
    (rf"{_START}([0-9]{{1,3}})/([0-9]{{1,3}})(?![0-9/])", say.month_and_day),
    (r"(?<![0-9A-Za-z%℃.)）年月日号点分秒元整])-(?=[0-9])", lambda _: "负"),
    (rf"({N})\s?[-~—–]+\s?(?={N}\s?(?:{_UNIT})(?![A-Za-z0-9]))", lambda m: f"{say.two(m[1])}到"),
    (rf"(?P<n>{N})\s?(?P<unit>{_UNIT})(?![A-Za-z0-9²³])", say.with_unit),
    (rf"第\s?({N})", lambda m: f"第{decimal(m[1])}"),
    (r"\b[Nn][Oo]\.\s?([0-9]+)", lambda m: f"{decimal(m[1])}号"),
    (rf"({N})\s?[×xX*]\s?(?={N})", lambda m: f"{decimal(m[1])}乘"),
    (rf"({N})\s?-\s?(?={N}\s?=)", lambda m: f"{decimal(m[1])}减"),
    (r"(?<=[A-Za-z])-?([0-9]{3,})(?![0-9.])", lambda m: telephone_digits(m[1])),
    (rf"{_START}2(?=\s?(?:{_MEASURES}))", lambda _: "两"),
    (rf"{_START}2(?={_TO}{N}\s?(?:{_MEASURES}))", lambda _: "两"),
    (rf"({N})(?: (?=[{_HAN}]))?", lambda m: decimal(m[1])),
    (rf"(?<=[{_ENDS}])\s?[-~—–]+\s?(?=[{_NUMERAL}负])", lambda _: "到"),
    # signs and pauses
    (rf"[{_SYMBOL}]", lambda m: say.SYMBOLS[m[0]]),
    (rf"(?<=元)/(?=[{_HAN}])", lambda _: "每"),
    (rf"(?<=[{_HAN}A-Za-z])/(?=[{_HAN}A-Za-z])", lambda _: "、"),
    (rf"\s*(?:{_BRACKETS})\s*", lambda _: "，"),
    (rf"(?<![A-Za-z])'|'(?![A-Za-z])|[^{_SPEAKABLE}]", lambda _: ""),
    (r"(?<![A-Za-z])-|-(?![A-Za-z])", lambda _: ""),
    (r"[，、,:：;；]{2,}", lambda m: m[0][0]),
    (r"^[，、,:：;；\s]+|[，、,]+(?=[。！？!?.])", lambda _: ""),
    (r"[^\S\n]+", lambda _: " "),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern), reading) for pattern, reading in RULES)


def normalise(text: str) -> str:
    """Written Chinese → what a voice should say: Chinese characters, Latin letters, punctuation.

    Never raises; a text of symbols alone becomes empty.
    """
    spoken = text.translate(_FULL_WIDTH).translate(_VARIANTS)
    for pattern, reading in _COMPILED:
        spoken = pattern.sub(reading, spoken)
    return spoken.strip(" \n，、,:：;；-")
