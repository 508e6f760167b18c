"""What a call takes over whole: a quoted text, what follows a colon, a number.

A model that copies well enough for words still drops a digit of a telephone number, or ends a
sentence at its first comma. Whoever has begun to copy such a stretch has to go on to its end.
"""

import re
from dataclasses import dataclass

_QUOTED = re.compile(r"“([^“”]{2,})”|「([^「」]{2,})」|『([^『』]{2,})』|\"([^\"]{2,})\"")
_TAIL = re.compile(r"(?:：|:(?!\d))\s*([^：:].+)$", re.DOTALL)
_NUMBER = re.compile(r"\d(?:[\d.,:：/-]*\d)?")
_NUMBER_AT_END = re.compile(r"(?<![A-Za-z\d-])\d[\d.,:：/-]*$")
_UNCOPIED = re.compile(r'["\\\n\r\t]')  # written otherwise in JSON
_BEGUN = 2  # letters that a quoted text and an argument have in common by no accident


@dataclass(frozen=True)
class Due:
    """What may come next: `rests` go on with something begun; and whatever is no digit, if
    `others`."""

    rests: tuple[bytes, ...]
    others: bool


def quoted(request: str) -> list[str]:
    """What stands in quotation marks there."""
    return [next(filter(None, found.groups())) for found in _QUOTED.finditer(request)]


class Stretches:
    """The stretches of what was said; `request` is the last thing that the person said."""

    def __init__(self, text: str, request: str) -> None:
        marked, tail = quoted(request), _TAIL.search(request)
        self._quoted = _copied(marked)
        self._read = _copied([tail[1].strip().strip('“”"「」'), *marked] if tail else marked)
        self._numbers = frozenset(_NUMBER.findall(text))

    def due(self, value: str, *, aloud: bool) -> Due | None:
        """What has to follow `value`, as far as an argument is written; None: anything may.

        `aloud`: it is a text to be read aloud, which may stand after a colon too."""
        if len(value) >= _BEGUN:
            begun = [one for one in (self._read if aloud else self._quoted) if one != value]
            rests = [one[len(value) :] for one in begun if one.startswith(value)]
            if rests:
                return Due(_encoded(rests), others=False)
        return self._number_due(value)

    def _number_due(self, value: str) -> Due | None:
        written = _NUMBER_AT_END.search(value)
        if written is None:
            return None
        begun = written[0]
        known = [number for number in self._numbers if number.startswith(begun)]
        rests = [number[len(begun) :] for number in known if number != begun]
        return Due(_encoded(rests), others=begun in known) if known else None


def _encoded(texts: list[str]) -> tuple[bytes, ...]:
    return tuple(text.encode(errors="ignore") for text in texts)


def _copied(texts: list[str]) -> tuple[str, ...]:
    return tuple(text for text in texts if text and not _UNCOPIED.search(text))
