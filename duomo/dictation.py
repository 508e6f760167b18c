"""What a person says into a microphone, written down to be looked at before it is asked."""

from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InvalidRequest, MediaTooLarge
from tools.sound import open_sound

if TYPE_CHECKING:
    from models.residency import Residency

MOST_SECONDS = 120.0
"""Of one recording: what is longer is no question, and its sender should not wait for it."""


class Dictation:
    """Thread-safe. Keeps neither the sound nor the words."""

    def __init__(self, residency: "Residency") -> None:
        self._residency = residency

    def write_down(self, file: Path) -> str:
        """The words in a recording, a line for each stretch of speech; empty where none are heard.

        Errors: `InvalidRequest` (the profile has no checkpoint that hears), `UnreadableMedia`,
        `MediaTooLarge` (longer than MOST_SECONDS too); as `Residency.lease`.
        """
        if not self._residency.has("asr"):
            raise InvalidRequest(
                "这个配置里没有听写的模型。", "This profile has no checkpoint that hears."
            )
        sound = open_sound(file)
        if sound.seconds > MOST_SECONDS:
            raise MediaTooLarge(
                f"录音有{sound.seconds:.0f}秒，边说边写最多{MOST_SECONDS:.0f}秒。可以当附件发送。",
                f"The recording has {sound.seconds:.0f} s; dictation takes {MOST_SECONDS:.0f}. "
                "Send it as an attachment.",
            )
        with self._residency.lease("asr") as recognizer:
            segments = recognizer.transcribe(sound.blocks(recognizer.sample_rate))
        return "\n".join(segment.text for segment in segments).strip()
