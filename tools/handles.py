"""Handles: the short names (`img-1`, `aud-2`) that a person and the model both use for artifacts.

Numbered per kind in order of appearance in a conversation: the attachments of a turn first,
then what tools return. A handle is never reused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["image", "audio"]

PREFIX: dict[Kind, str] = {"image": "img", "audio": "aud"}
KIND_ZH: dict[Kind, str] = {"image": "图片", "audio": "音频"}
_FILE_ZH: dict[Kind, str] = {"image": "图", "audio": "录音"}
_MEASURE_ZH: dict[Kind, str] = {"image": "张", "audio": "段"}
_HANDLE = re.compile(r"(img|aud)-([1-9]\d{0,5})")
_ATTACHED = re.compile(rf"(?:\[{_HANDLE.pattern}\])+")
_MENTION = re.compile(rf"(?<![A-Za-z0-9_-]){_HANDLE.pattern}(?![0-9A-Za-z_-])")


@dataclass(frozen=True)
class HandleOf:
    """Marks an argument that names a file of the conversation, and of which kind."""

    kind: Kind


def handle_of(kind: Kind, number: int) -> str:
    return f"{PREFIX[kind]}-{number}"


def kind_of(handle: str) -> Kind | None:
    """`image` or `audio` from the form of a handle; None when it is not one."""
    match = _HANDLE.fullmatch(handle)
    if match is None:
        return None
    return "image" if match[1] == "img" else "audio"


def mentioned(text: str) -> list[str]:
    """The handles that stand in a text, each once.

    >>> mentioned("把img-2的天换到img-1上，img-2")
    ['img-2', 'img-1']
    """
    return list(dict.fromkeys(match[0] for match in _MENTION.finditer(text)))


def which(kind: Kind, existing: Sequence[str]) -> str:
    """What to ask a person whose words name no file of `kind` that there is."""
    if not existing:
        return f"请把{_FILE_ZH[kind]}发给我。"
    return f"你说的是哪一{_MEASURE_ZH[kind]}？现在有{'、'.join(existing)}。"


def with_attachments(text: str, handles: Sequence[str]) -> str:
    """A user turn as the model reads it: its attachments' handles first, then the words.

    >>> with_attachments("读一下上面的字", ["img-1"])
    '[img-1]读一下上面的字'
    """
    return "".join(f"[{handle}]" for handle in handles) + text


def attachments_of(text: str) -> tuple[str, str]:
    """What `with_attachments` put together: the handles in their brackets, and the words.

    >>> attachments_of("[img-1]读一下上面的字")
    ('[img-1]', '读一下上面的字')
    """
    before = _ATTACHED.match(text)
    end = before.end() if before else 0
    return text[:end], text[end:]
