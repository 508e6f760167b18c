"""Chinese text as it is read aloud: numbers, dates, times, units, money and symbols in words.

One table of rules, tried in order; each turns what it recognises into Chinese characters, so a
later rule never sees it again. What is left in Latin letters is for the voice to spell.
"""

import re
from collections.abc import Callable

from tools.numbers import decimal, digits, telephone_digits

_Reading = Callable[[re.Match[str]], str]

N = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?"
_START, _END = r"(?<![0-9A-Za-z.])", r"(?![0-9A-Za-z])"
_FULL_WIDTH = {c: c - 0xFEE0 for c in range(0xFF01, 0xFF5F) if chr(c) not in "，！？；：（）"}
_VARIANTS = str.maketrans({"−": "-", "﹣": "-", "〜": "~", "∼": "~", "％": "%", "㎡": "m²"})

# Symbols of units, longest first where one begins another; read as in everyday speech.
UNITS = {
    "km/h": "公里每小时", "km²": "平方公里", "km2": "平方公里", "m/s²": "米每二次方秒",
    "m/s": "米每秒", "m²": "平方米", "m2": "平方米", "m³": "立方米", "m3": "立方米",
    "cm²": "平方厘米", "cm³": "立方厘米", "km": "公里", "cm": "厘米", "mm": "毫米", "μm": "微米",
    "µm": "微米", "nm": "纳米", "mg": "毫克", "kg": "公斤", "KG": "公斤", "mL": "毫升",
    "ml": "毫升", "ML": "毫升", "kWh": "千瓦时", "kW": "千瓦", "mAh": "毫安时", "kHz": "千赫兹",
    "MHz": "兆赫兹", "GHz": "吉赫兹", "Hz": "赫兹", "KB": "千字节", "MB": "兆字节",
    "GB": "吉字节", "TB": "太字节", "dB": "分贝", "px": "像素", "kcal": "千卡", "kPa": "千帕",
    "rpm": "转每分钟", "min": "分钟", "ms": "毫秒", "℉": "华氏度", "°F": "华氏度", "°": "度",
    "t": "吨", "L": "升", "g": "克", "m": "米", "h": "小时", "s": "秒", "W": "瓦", "V": "伏",
    "A": "安",
}  # fmt: skip
_UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))

CURRENCIES = {
    "HK$": "港元", "US$": "美元", "¥": "元", "￥": "元", "RMB": "元", "CNY": "元", "$": "美元",
    "€": "欧元", "£": "英镑",
}  # fmt: skip
_CURRENCY = "|".join(re.escape(sign) for sign in CURRENCIES)

# 两 before what is counted; 二 before what is numbered (月, 日, 号, 楼, 班, 等, 年级).
_MEASURES = (
    "个(?!位)|只|张|条|本|位|次|天|周(?!年)|块|元|分|秒|米|里|斤|公|千|万|亿|百|倍|人|小时|岁|种|类|家|所|座|"
    "栋|辆|台|部|首|篇|句|段|页|杯|瓶|碗|把|双|对|套|件|间|朵|棵|匹|头|匙|架|颗|粒|支|枝|根|片|群|"
    "年(?!级|代)|点|遍|趟|层|步|幅|副|名|份|项|道|场|度|吨|克|升|平方|立方|厘米|毫|摄氏度|美元|欧元|"
    "港元|英镑|字|行|口|国|地|者|方|队|组|集|章节|盒|袋|包|箱|瓣|滴|则|艘|顶|盏|扇|刻钟|分钟"
)
_SYMBOLS = {
    "+": "加", "×": "乘", "÷": "除以", "=": "等于", "≈": "约等于", "≥": "大于等于",
    "≤": "小于等于", "±": "正负", "&": "和", "@": "艾特", "℃": "摄氏度", "%": "百分号",
    "‰": "千分号", "²": "平方", "³": "立方", "√": "根号", "π": "派", "Ω": "欧姆",
}  # fmt: skip
_SYMBOL = "".join(re.escape(symbol) for symbol in _SYMBOLS)
# What a numeral can begin or end with once it is in words: the two sides of a spoken range.
_NUMERAL = "零一二三四五六七八九十百千万亿两幺半"
_ENDS = _NUMERAL + "年月日号点分秒天元米里斤克度时钟整"


def _date(match: re.Match[str]) -> str:
    year, month, day = match["y"], int(match["m"]), match["d"]
    if not 1 <= month <= 12 or (day and not 1 <= int(day) <= 31):
        return match[0]
    return f"{digits(year)}年{decimal(str(month))}月" + (f"{decimal(str(int(day)))}日" if day else "")


def _month_and_day(match: re.Match[str]) -> str:
    """`5/1` is the first of May; `3/4` is a fraction: no proper fraction is read as a date."""
    first, second = int(match[1]), int(match[2])
    if first >= second and first <= 12 and 1 <= second <= 31 and first != second:
        return f"{decimal(str(first))}月{decimal(str(second))}日"
    return f"{decimal(match[2])}分之{decimal(match[1])}" if second else match[0]


def _time(match: re.Match[str]) -> str:
    hour, minute, second = int(match["h"]), int(match["m"]), match["s"]
    if hour > 24 or minute > 59:
        return match[0]
    half_day = {"am": "上午", "pm": "下午"}.get((match["half"] or "").lower(), "")
    spoken = f"{half_day}{'两' if hour == 2 else decimal(str(hour))}点"
    if second:
        return f"{spoken}{_sixtieth(minute)}分{_sixtieth(int(second))}秒"
    return spoken + (f"{_sixtieth(minute)}分" if minute else "整")


def _sixtieth(value: int) -> str:
    return ("零" if value < 10 else "") + (decimal(str(value)) if value else "")


def _money(match: re.Match[str]) -> str:
    amount = match["n"]
    if "." in amount:
        amount = amount.rstrip("0").rstrip(".")  # ¥3.50 is 三点五元
    return f"{_two(amount)}{match['scale'] or ''}{CURRENCIES[match['sign']]}"


def _two(amount: str) -> str:
    return "两" if amount == "2" else decimal(amount)


def _percent(match: re.Match[str]) -> str:
    name = {"%": "百分之", "‰": "千分之"}[match["sign"]]
    upper = f"到{decimal(match['to'])}" if match["to"] else ""
    return ("负" if match["minus"] else "") + name + decimal(match["n"]) + upper


def _temperature(match: re.Match[str]) -> str:
    first = ("零下" if match["minus"] else "") + decimal(match["n"])
    if not match["to"]:
        return f"{first}摄氏度"
    return f"{first}到{'零下' if match['below'] else ''}{decimal(match['to'])}摄氏度"


def _with_unit(match: re.Match[str]) -> str:
    return _two(match["n"]) + UNITS[match["unit"]]


def _dotted(match: re.Match[str]) -> str:
    """Versions and addresses: short parts as numbers, parts of an address digit by digit."""
    parts = match[0].split(".")
    read = digits if max(map(len, parts)) > 2 else decimal
    return "点".join(read(part) for part in parts)


def _after_cue(match: re.Match[str]) -> str:
    return match[1] + telephone_digits(match[2])


def _plain_telephone(match: re.Match[str]) -> str:
    return telephone_digits(re.sub(r"[^0-9]", "", match[0]))


def _identity(match: re.Match[str]) -> str:
    return telephone_digits(match[0][:-1]) + telephone_digits(match[0][-1].upper())


def _years(match: re.Match[str]) -> str:
    return f"{digits(match[1])}到{digits(match[2])}"


def _ratio(match: re.Match[str]) -> str:
    return f"{decimal(match[1])}比{decimal(match[2])}"


# fmt: off
RULES: tuple[tuple[str, str, _Reading], ...] = (
    ("url", r"(?:https?://|www\.)[^\s，。！？；、）)一-鿿]+", lambda _: "网址"),
    ("email", r"([A-Za-z0-9_.+-]+)@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})",
     lambda m: f"{m[1].replace('.', '点')}艾特{m[2].replace('.', '点')}"),
    ("identity card", _START + r"[1-9][0-9]{5}(?:18|19|20)[0-9]{9}[0-9Xx]" + _END, _identity),
    ("mobile", _START + r"(?:\+?86[- ]?)?1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}" + _END,
     _plain_telephone),
    ("landline", _START + r"(?:0[0-9]{2,3}[- ][0-9]{7,8}|[48]00[- ]?[0-9]{3}[- ]?[0-9]{4})" + _END,
     _plain_telephone),
    ("code after a cue", r"((?:拨打|拨|致电|电话|热线|号码|编号|单号|验证码|密码|尾号|邮编|房间|账号|卡号|QQ|代码)"
     r"(?:号|是|为|：|:)?\s*)([0-9]{3,})(?![0-9.,]|[个位元人])", _after_cue),
    ("service number", _START + r"(?:10086|10010|12306|12315|12345|(?<=打)(?:1[12][0-9]|95[0-9]{3}))"
     + _END, lambda m: telephone_digits(m[0])),
    ("room", _START + r"[0-9]{3,4}(?=室|房间|号房|路公交)", lambda m: telephone_digits(m[0])),
    ("date", _START + r"(?P<y>[12][0-9]{3})\s?(?P<sep>[-/.])(?P<m>[0-9]{1,2})(?P=sep)(?P<d>[0-9]{1,2})日?"
     + _END, _date),
    ("date in characters", _START + r"(?P<y>[12][0-9]{3})\s?年\s?(?P<m>[0-9]{1,2})\s?月"
     r"(?:\s?(?P<d>[0-9]{1,2})\s?[日号])?", _date),
    ("year and month", _START + r"(?P<y>(?:19|20)[0-9]{2})[-/](?P<m>0[1-9]|1[0-2])(?P<d>)" + _END, _date),
    ("years", _START + r"((?:19|20)[0-9]{2})[-~—–至到]+((?:19|20)[0-9]{2})(?=[学年财]|" + _END + ")",
     _years),
    ("year", _START + r"((?:1[0-9]|20|21)[0-9]{2})\s?年(?![前后来的间以之多])", lambda m: f"{digits(m[1])}年"),
    ("decade", _START + r"([0-9]0)后", lambda m: f"{digits(m[1])}后"),
    ("dotted", _START + r"[0-9]+(?:\.[0-9]+){2,}" + _END, _dotted),
    ("ratio after a cue", r"(?<=比分)([0-9]+)\s?[-:：]\s?([0-9]+)", _ratio),
    ("time", _START + r"(?P<h>[0-9]{1,2})[:：](?P<m>[0-9]{2})(?:[:：](?P<s>[0-5][0-9]))?(?:\s?(?P<half>[AaPp][Mm]))?"
     + _END, _time),
    ("ratio", _START + rf"({N})\s?[:：]\s?({N})" + _END, _ratio),
    ("money", rf"(?P<sign>{_CURRENCY})\s?(?P<n>{N})(?P<scale>[千万亿]{{0,2}})", _money),
    ("percent", rf"(?P<minus>(?<![0-9%])-)?(?P<n>{N})%?(?:[-~—–至到]+(?P<to>{N}))?\s?(?P<sign>[%‰])",
     _percent),
    ("temperature", rf"(?P<minus>(?<![0-9])-)?(?P<n>{N})(?:℃|°C)?(?:[-~—–至到]+?(?P<below>-)?(?P<to>{N}))?\s?(?:℃|°C)",
     _temperature),
    ("month and day or fraction", _START + r"([0-9]{1,3})/([0-9]{1,3})(?![0-9/])", _month_and_day),
    ("negative", r"(?<![0-9A-Za-z%℃.)）年月日号点分秒元整])-(?=[0-9])", lambda _: "负"),
    ("range with unit", rf"({N})\s?[-~—–]+\s?(?={N}\s?(?:{_UNIT})(?![A-Za-z0-9]))", lambda m: f"{_two(m[1])}到"),
    ("unit", rf"(?P<n>{N})\s?(?P<unit>{_UNIT})(?![A-Za-z0-9²³])", _with_unit),
    ("ordinal", rf"第\s?({N})", lambda m: f"第{_ordinal(m[1])}"),
    ("numbered", r"\b[Nn][Oo]\.\s?([0-9]+)", lambda m: f"{_ordinal(m[1])}号"),
    ("product", rf"({N})\s?[×xX*]\s?(?={N})", lambda m: f"{decimal(m[1])}乘"),
    ("difference", rf"({N})\s?-\s?(?={N}\s?=)", lambda m: f"{decimal(m[1])}减"),
    ("letters then digits", r"(?<=[A-Za-z])-?([0-9]{3,})(?![0-9.])", lambda m: telephone_digits(m[1])),
    ("two of", rf"{_START}2(?=\s?(?:{_MEASURES}))", lambda _: "两"),
    ("two to", rf"{_START}2(?=[-~—–至到]+{N}\s?(?:{_MEASURES}))", lambda _: "两"),
    ("number", rf"({N})(?: (?=[一-鿿]))?", lambda m: decimal(m[1])),
    ("range", rf"(?<=[{_ENDS}])\s?[-~～—–]+\s?(?=[{_NUMERAL}负])", lambda _: "到"),
    ("symbol", rf"[{_SYMBOL}]", lambda m: _SYMBOLS[m[0]]),
    ("price per", r"(?<=元)/(?=[一-鿿])", lambda _: "每"),
    ("slash between words", r"(?<=[一-鿿A-Za-z])/(?=[一-鿿A-Za-z])", lambda _: "、"),
    ("brackets and dashes", r"\s*(?:[()（）\[\]【】〔〕{}《》〈〉|]|——?|–|-{2,}|……?|\.{3,})\s*", lambda _: "，"),
    ("unspeakable", r"(?<![A-Za-z])'|'(?![A-Za-z])|[^一-鿿㐀-䶿𠀀-𪛟々〇A-Za-zÀ-ɏ'，。！？；：、,.!?;:\s-]", lambda _: ""),
    ("hyphen", r"(?<![A-Za-z])-|-(?![A-Za-z])", lambda _: ""),
    ("pauses", r"[，、,:：;；]{2,}", lambda m: m[0][0]),
    ("pause at an edge", r"^[，、,:：;；\s]+|[，、,]+(?=[。！？!?.])", lambda _: ""),
    ("spaces", r"[^\S\n]+", lambda _: " "),
)
# fmt: on
_COMPILED = tuple((re.compile(pattern), reading) for _, pattern, reading in RULES)


def _ordinal(text: str) -> str:
    """第二, 第两百: an ordinal never turns its last 二 into 两."""
    return decimal(text)


def normalise(text: str) -> str:
    """Written Chinese → what a voice should say: Chinese characters, Latin letters, punctuation.

    Never raises; a text of symbols alone becomes empty.
    """
    spoken = text.translate(_FULL_WIDTH).translate(_VARIANTS)
    for pattern, reading in _COMPILED:
        spoken = pattern.sub(reading, spoken)
    return spoken.strip(" \n，、,:：;；-")
