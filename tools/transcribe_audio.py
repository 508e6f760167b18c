"""`transcribe_audio`: what is said in a recording, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.errors import CheckpointError, ResourceError
from tools import replies
from tools.context import ToolContext
from tools.contract import Arguments, AudioHandle, ToolOutput, tool
from tools.sound import Blocks, Sound, open_sound

if TYPE_CHECKING:
    from models.roles.align import Word
    from models.roles.listener import Segment

_MODEL_CHARACTERS = 4000  # the screen shows all of it, the language model reads this much


class TranscribeAudio(Arguments):
    audio: AudioHandle


@tool(title_zh="听写", title_en="Transcribe", icon="hearing", roles=("asr",))
def transcribe_audio(arguments: TranscribeAudio, context: ToolContext) -> ToolOutput:
    """把录音里说的话写成文字。"""
    inputs = {"audio": context.find(arguments.audio, "audio").sha256}
    heard = context.remembered(
        inputs, ("asr", "align"), lambda: _heard(arguments.audio, context), keep=_is_whole
    )
    text = _within_budget("\n".join(segment["text"] for segment in heard["segments"]))
    note = f"\n（{heard['note']}）" if heard["note"] else ""
    return ToolOutput(
        replies.transcribed(arguments.audio, text) + note,
        details={"audio": arguments.audio, **heard},
    )


def _is_whole(heard: dict[str, Any]) -> bool:
    """Words without times were too much for this machine just now, and may not be next time."""
    return "no_word_times" not in heard


def _heard(handle: str, context: ToolContext) -> dict[str, Any]:
    _, path = context.audio(handle)
    context.progress(None, "正在打开录音")
    sound = open_sound(path)
    with context.lease("asr") as recognizer:
        blocks = sound.blocks(recognizer.sample_rate)
        progress = _Progress(context, sound.seconds, "已听到")
        segments = recognizer.transcribe(blocks, on_window=progress)
    note = _note(sound, blocks) or ("" if segments else _reach(context))
    details = _details(sound, segments, note)
    return details | _word_times(context, sound, segments)


def _word_times(
    context: ToolContext, sound: Sound, segments: Sequence["Segment"]
) -> dict[str, Any]:
    """The words of each segment with their times, where the profile can find them.

    They are an extra: what keeps them from being found costs nobody the transcript.
    """
    if not segments or not context.residency.has("align"):
        return {}
    try:
        with context.lease("align") as aligner:
            words = aligner.align(
                sound.blocks(aligner.sample_rate),
                segments,
                on_segment=_Progress(context, sound.seconds, "已对好时间"),
            )
    except (CheckpointError, ResourceError) as error:
        return {"no_word_times": error.zh}
    return {"words": [_listed(part) for part in words]}


def _listed(words: Sequence["Word"]) -> list[tuple[float, float, str]]:
    return [(round(word.start, 2), round(word.end, 2), word.text) for word in words]


@dataclass
class _Progress:
    """Shows how much was heard; called for every token, so only when there is more to show."""

    context: ToolContext
    seconds: float
    doing: str
    shown: float = -1.0

    def __call__(self, heard: float, _: Sequence["Segment"] = ()) -> None:
        self.context.check_cancelled()
        if heard <= self.shown:
            return
        self.shown = heard
        note = f"{self.doing} {duration(heard)} / {duration(self.seconds)}"
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
        return f"录音不完整，只有前{duration(sound.seconds)}"
    return "录音有损坏，可能少了一些话" if blocks.damaged else ""


def _reach(context: ToolContext) -> str:
    """What a starter can hear at all: where it heard nothing, somebody may well have spoken."""
    checkpoint = context.residency.checkpoint("asr")
    return checkpoint.note.zh.rstrip("。") if checkpoint.bundled and checkpoint.note else ""


def _details(sound: Sound, segments: Sequence["Segment"], note: str) -> dict[str, Any]:
    return {
        "seconds": round(sound.seconds, 2),
        "note": note,
        "segments": [
            {"start": round(s.start, 2), "end": round(s.end, 2), "text": s.text} for s in segments
        ],
    }
