"""What a matched piece of text says: one function per kind of notation."""

import re

from tools.numbers import decimal, digits, telephone_digits

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

CURRENCIES = {
    "HK$": "港元", "US$": "美元", "¥": "元", "￥": "元", "RMB": "元", "CNY": "元", "$": "美元",
    "€": "欧元", "£": "英镑",
}  # fmt: skip
SYMBOLS = {
    "+": "加", "×": "乘", "÷": "除以", "=": "等于", "≈": "约等于", "≥": "大于等于",
    "≤": "小于等于", "±": "正负", "&": "和", "@": "艾特", "℃": "摄氏度", "%": "百分号",
    "‰": "千分号", "²": "平方", "³": "立方", "√": "根号", "π": "派", "Ω": "欧姆",
}  # fmt: skip


def date(match: re.Match[str]) -> str:
    year, month, day = match["y"], int(match["m"]), match["d"]
    if not 1 <= month <= 12 or (day and not 1 <= int(day) <= 31):
        return match[0]
    of_month = f"{decimal(str(int(day)))}日" if day else ""
    return f"{digits(year)}年{decimal(str(month))}月{of_month}"


def month_and_day(match: re.Match[str]) -> str:
    """`5/1` is the first of May; `3/4` is a fraction: no proper fraction is read as a date."""
    first, second = int(match[1]), int(match[2])
    if first >= second and first <= 12 and 1 <= second <= 31 and first != second:
        return f"{decimal(str(first))}月{decimal(str(second))}日"
    return f"{decimal(match[2])}分之{decimal(match[1])}" if second else match[0]


def clock_time(match: re.Match[str]) -> str:
    hour, minute, second = int(match["h"]), int(match["m"]), match["s"]
    if hour > 24 or minute > 59:
        return match[0]
    half_day = {"am": "上午", "pm": "下午"}.get((match["half"] or "").lower(), "")
    spoken = f"{half_day}{'两' if hour == 2 else decimal(str(hour))}点"
    if second:
        return f"{spoken}{sixtieth(minute)}分{sixtieth(int(second))}秒"
    return spoken + (f"{sixtieth(minute)}分" if minute else "整")


def sixtieth(value: int) -> str:
    return ("零" if value < 10 else "") + (decimal(str(value)) if value else "")


def money(match: re.Match[str]) -> str:
    amount = match["n"]
    if "." in amount:
        amount = amount.rstrip("0").rstrip(".")  # ¥3.50 is 三点五元
    return f"{two(amount)}{match['scale'] or ''}{CURRENCIES[match['sign']]}"


def two(amount: str) -> str:
    return "两" if amount == "2" else decimal(amount)


def percent(match: re.Match[str]) -> str:
    name = {"%": "百分之", "‰": "千分之"}[match["sign"]]
    upper = f"到{decimal(match['to'])}" if match["to"] else ""
    return ("负" if match["minus"] else "") + name + decimal(match["n"]) + upper


def temperature(match: re.Match[str]) -> str:
    first = ("零下" if match["minus"] else "") + decimal(match["n"])
    if not match["to"]:
        return f"{first}摄氏度"
    return f"{first}到{'零下' if match['below'] else ''}{decimal(match['to'])}摄氏度"


def with_unit(match: re.Match[str]) -> str:
    return two(match["n"]) + UNITS[match["unit"]]


def dotted(match: re.Match[str]) -> str:
    """Versions and addresses: short parts as numbers, parts of an address digit by digit."""
    parts = match[0].split(".")
    read = digits if max(map(len, parts)) > 2 else decimal
    return "点".join(read(part) for part in parts)


def after_cue(match: re.Match[str]) -> str:
    return match[1] + telephone_digits(match[2])


def telephone(match: re.Match[str]) -> str:
    return telephone_digits(re.sub(r"[^0-9]", "", match[0]))


def identity(match: re.Match[str]) -> str:
    return telephone_digits(match[0][:-1]) + telephone_digits(match[0][-1].upper())


def years(match: re.Match[str]) -> str:
    return f"{digits(match[1])}到{digits(match[2])}"


def ratio(match: re.Match[str]) -> str:
    return f"{decimal(match[1])}比{decimal(match[2])}"


def email(match: re.Match[str]) -> str:
    user, host = (part.replace(".", "点") for part in match.groups())
    return f"{user}艾特{host}"


def year(match: re.Match[str]) -> str:
    return f"{digits(match[1])}年"
