"""“最早那幅” once the turn that it speaks of has left the prompt: the word gets its handle.

Handles are numbered by appearance, so that the first picture of a conversation is `img-1` whatever
came since; a model that no longer sees that turn could only guess.
"""

import re
from collections.abc import Sequence

from langchain_core.messages import BaseMessage, HumanMessage

_FIRST = re.compile(
    r"(?:最早|最开始|一开始|最初|最先|第一次)的?(?:那|这)?一?"
    r"(?:(?P<image>[张幅]|(?:个)?(?:图|画|照片))|(?P<audio>[段条]|(?:个)?(?:录音|声音|音频|语音)))"
)
_HANDLE = {"image": "img-1", "audio": "aud-1"}


def with_references(gone: str, turn: Sequence[BaseMessage]) -> list[BaseMessage]:
    """`turn` with a note where it speaks of the first picture or sound, which was in `gone`."""
    return [_noted(gone, message) for message in turn]


def _noted(gone: str, message: BaseMessage) -> BaseMessage:
    match = _FIRST.search(message.text) if isinstance(message, HumanMessage) else None
    if match is None or match.lastgroup is None:
        return message
    handle = _HANDLE[match.lastgroup]
    if re.search(rf"{handle}(?!\d)", gone) is None:
        return message
    note = f"（{match[0]}是{handle}）"
    return message.model_copy(update={"content": note + message.text})
