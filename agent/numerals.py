"""Small numbers as people write them before a measure word: 三, 两, 12."""

NUMERAL = r"[一二两三四五六七八九十]|[1-9][0-9]?"
"""A regular expression of those that `number_of` reads."""
_DIGITS = "一二三四五六七八九十"


def number_of(numeral: str) -> int:
    """1 … 99."""
    digit = numeral.replace("两", "二")
    return int(digit) if digit.isdigit() else _DIGITS.index(digit) + 1
