"""Handles: the short names (`img-1`, `aud-2`) that a person and the model both use for artifacts.

Numbered per kind in order of appearance in a conversation: the attachments of a turn first,
then what tools return. A handle is never reused.
"""

import re
from collections.abc import Sequence
from typing import Literal

Kind = Literal["image", "audio"]

PREFIX: dict[Kind, str] = {"image": "img", "audio": "aud"}
KIND_ZH: dict[Kind, str] = {"image": "图片", "audio": "音频"}
_HANDLE = re.compile(r"(img|aud)-([1-9]\d{0,5})")


def handle_of(kind: Kind, number: int) -> str:
    return f"{PREFIX[kind]}-{number}"


def kind_of(handle: str) -> Kind | None:
    """`image` or `audio` from the form of a handle; None when it is not one."""
    match = _HANDLE.fullmatch(handle)
    if match is None:
        return None
    return "image" if match[1] == "img" else "audio"


def with_attachments(text: str, handles: Sequence[str]) -> str:
    """A user turn as the model reads it: its attachments' handles first, then the words.

    >>> with_attachments("读一下上面的字", ["img-1"])
    '[img-1]读一下上面的字'
    """
    return "".join(f"[{handle}]" for handle in handles) + text
