"""`transcribe_audio`: what is said in a recording."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools import replies
from tools.context import ToolContext
from tools.contract import Arguments, AudioHandle, ToolOutput, tool
from tools.sound import Blocks, Sound, open_sound

if TYPE_CHECKING:
    from models.roles.asr import Segment

_MODEL_CHARACTERS = 4000  # the screen shows all of it, the language model reads this much


class TranscribeAudio(Arguments):
    audio: AudioHandle


@tool(title_zh="听写", title_en="Transcribe", icon="hearing", roles=("asr",))
def transcribe_audio(arguments: TranscribeAudio, context: ToolContext) -> ToolOutput:
    """把录音里说的话写成文字。"""
    _, path = context.audio(arguments.audio)
    context.progress(None, "正在打开录音")
    sound = open_sound(path)
    with context.lease("asr") as recognizer:
        blocks = sound.blocks(recognizer.sample_rate)
        segments = recognizer.transcribe(blocks, on_window=_Progress(context, sound.seconds))
    text = "\n".join(segment.text for segment in segments)
    note = _note(sound, blocks)
    return ToolOutput(
        replies.transcribed(arguments.audio, _within_budget(text)) + note,
        details=_details(arguments.audio, sound, segments, note),
    )


@dataclass
class _Progress:
    """Shows how much was heard; called for every token, so only when there is more to show."""

    context: ToolContext
    seconds: float
    shown: float = -1.0

    def __call__(self, heard: float, _: Sequence["Segment"]) -> None:
        self.context.check_cancelled()
        if heard <= self.shown:
            return
        self.shown = heard
        note = f"已听到 {duration(heard)} / {duration(self.seconds)}"
        # Packets that do not say how long they are add up to nothing.
        fraction = min(1.0, heard / self.seconds) if self.seconds else None
        self.context.progress(fraction, note)


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(80), duration(180), duration(3700), duration(0.4)
    ('1分20秒', '3分', '1小时1分40秒', '0秒')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "小时"), (minutes, "分"), (rest, "秒"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0秒"


def _within_budget(text: str) -> str:
    """The head of a long text, and how much was left out."""
    if len(text) <= _MODEL_CHARACTERS:
        return text
    return f"{text[:_MODEL_CHARACTERS]}\n（后面还有{len(text) - _MODEL_CHARACTERS}字）"


def _note(sound: Sound, blocks: Blocks) -> str:
    """What could not be heard of a file that is not whole; nothing where it is."""
    if sound.cut:
        return f"\n（录音不完整，只有前{duration(sound.seconds)}）"
    return "\n（录音有损坏，可能少了一些话）" if blocks.damaged else ""


def _details(audio: str, sound: Sound, segments: Sequence["Segment"], note: str) -> dict[str, Any]:
    return {
        "audio": audio,
        "seconds": round(sound.seconds, 2),
        "note": note.strip("\n（）"),
        "segments": [
            {"start": round(s.start, 2), "end": round(s.end, 2), "text": s.text} for s in segments
        ],
    }
