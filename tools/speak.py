"""`speak`: text read aloud."""

import re
from collections.abc import Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from models.errors import ToolRetry
from tools import replies
from tools.context import ToolContext
from tools.contract import Arguments, ToolOutput, tool
from tools.normalise import normalise

MAX_CHARACTERS = 2000  # about eight minutes
_LONGEST_PIECE = 120  # characters read in one breath: how long Stop has to wait
_PAUSE_SECONDS = {"\n": 0.6, "。": 0.35, "！": 0.35, "？": 0.35, "；": 0.25}
_SENTENCE = re.compile(r"[^。！？；!?;\n]*(?:[。！？；!?;\n]+|$)")


class Speak(Arguments):
    text: str = Field(
        description=f"要朗读的文字，最多{MAX_CHARACTERS}字", min_length=1, max_length=MAX_CHARACTERS
    )
    voice: Literal["女声", "男声"] | None = Field(None, description="声音，用户提到时才填")


@tool(title_zh="朗读", title_en="Speak", icon="volume_up", roles=("tts",))
def speak(arguments: Speak, context: ToolContext) -> ToolOutput:
    """把文字读出来，生成语音。"""
    pieces = list(_pieces(normalise(arguments.text)))
    if not pieces:
        raise ToolRetry(
            "文字里没有可以读出来的内容，请换一段。",
            "Nothing in the text can be said.",
            question="要读哪些字？请把原文发给我。",
        )
    samples, rate, voice = _synthesize(pieces, arguments.voice, context)
    handle = context.keep_sound(samples, rate, role="tts", name=f"{arguments.text[:20]}.wav")
    seconds = len(samples) / rate
    details = {"seconds": round(seconds, 2), "voice": voice, "spoken": "".join(pieces)}
    return ToolOutput(replies.spoken(handle, seconds), (handle,), details)


def _synthesize(
    pieces: list[str], voice: str | None, context: ToolContext
) -> tuple[npt.NDArray[np.float32], int, str]:
    """All pieces with their pauses [n], the sample rate in Hz, the voice that read them."""
    parts: list[npt.NDArray[np.float32]] = []
    rate = 0
    with context.lease("tts") as synthesizer:
        chosen = voice or synthesizer.voices[0]
        for number, piece in enumerate(pieces):
            context.check_cancelled()
            context.progress(number / len(pieces), f"正在朗读第{number + 1}句，共{len(pieces)}句")
            speech = synthesizer.speak(piece, chosen)
            rate = speech.sample_rate
            parts += [speech.samples, np.zeros(round(_pause(piece) * rate), np.float32)]
    return np.concatenate(parts), rate, chosen


def _pieces(text: str) -> Iterator[str]:
    """Sentences with their punctuation, long ones cut; pieces without a word are left out."""
    for sentence in _SENTENCE.findall(text):
        for start in range(0, len(sentence), _LONGEST_PIECE):
            piece = sentence[start : start + _LONGEST_PIECE]
            if any(character.isalnum() for character in piece):
                yield piece


def _pause(piece: str) -> float:
    return _PAUSE_SECONDS.get(piece[-1], 0.15)
