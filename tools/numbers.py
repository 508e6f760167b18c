"""Numbers as Mandarin speakers read them aloud."""

_DIGITS = "零一二三四五六七八九"
_TELEPHONE = str.maketrans("0123456789", "零幺二三四五六七八九")  # 一 is misheard as 七
_PLACES = ((1000, "千"), (100, "百"), (10, "十"), (1, ""))
_LONGEST_CARDINAL = 12  # digits; past 千亿 a run of digits is a code, not a quantity


def digits(text: str) -> str:
    """One by one: `2024` → 二零二四."""
    return "".join(_DIGITS[int(c)] for c in text)


def telephone_digits(text: str) -> str:
    """One by one with 幺 for 1, as in telephone, identity-card and train numbers."""
    return text.translate(_TELEPHONE)


def cardinal(number: int) -> str:
    """0 ≤ number < 10^16: `1200` → 一千两百, `10010` → 一万零一十, `15` → 十五."""
    return _cardinal(number).removeprefix("一") if _leads_with_ten(number) else _cardinal(number)


def decimal(text: str) -> str:
    """A number as written (`1,200`, `3.50`, `007`) → how it is read.

    Leading zeros and very long runs are codes: read digit by digit.
    """
    whole, _, fraction = text.replace(",", "").partition(".")
    is_code = (len(whole) > 1 and whole[0] == "0") or len(whole) > _LONGEST_CARDINAL
    spoken = digits(whole) if is_code else cardinal(int(whole))
    return f"{spoken}点{digits(fraction)}" if fraction else spoken


def _leads_with_ten(number: int) -> bool:
    """十五, 十二万, 十亿 drop the 一 that 一百一十五 keeps."""
    while number >= 10_000:
        number //= 10_000
    return 10 <= number < 20


def _cardinal(number: int) -> str:
    if number >= 10**8:
        return _scaled(number, 10**8, "亿")
    if number >= 10**4:
        return _scaled(number, 10**4, "万")
    return _below_ten_thousand(number)


def _scaled(number: int, scale: int, name: str) -> str:
    high, low = divmod(number, scale)
    head = "两" if high == 2 else _cardinal(high)
    if low == 0:
        return head + name
    gap = "零" if low < scale // 10 or high % 10 == 0 else ""
    return f"{head}{name}{gap}{_cardinal(low)}"


def _below_ten_thousand(number: int) -> str:
    if number == 0:
        return _DIGITS[0]
    spoken, gap = "", False
    for place, name in _PLACES:
        digit = number // place % 10
        if digit == 0:
            gap = bool(spoken)
            continue
        figure = "两" if digit == 2 and place >= 100 else _DIGITS[digit]
        spoken += ("零" if gap else "") + figure + name
        gap = False
    return spoken
