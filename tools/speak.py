"""`speak`: text read aloud."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from models.errors import ToolRetry
from tools import replies
from tools.context import ToolContext
from tools.contract import Arguments, ToolOutput, tool
from tools.marks import Cue, Due, Passage
from tools.normalise import normalise

MAX_CHARACTERS = 20_000  # about eighty minutes: as much as one turn may hold
_PART = 5000  # characters of one sound; a longer text becomes several
_LONGEST_PIECE = 120  # characters read in one breath: how long Stop has to wait
_PAUSE_SECONDS = {"\n": 0.6, "。": 0.35, "！": 0.35, "？": 0.35, "；": 0.25}
_CUE = (
    "念|读|朗|播|诵|背|唱|喊|吆喝|音|声|录|听|旁白|台词|[说讲]给|说出|说一|开口|报.?句"
    '|[加配][上一]?[段句]?[话词句]|[“”"「『]|(?i:read|say|speak|aloud|voice|tts)'
)
_DUE = Due(
    "(?:念|读|朗诵)(?:出来|给|一遍|一下|$|[，。！!])|旁白|[”」]的(?:语音|音频)"
    "|(?:变成|转成|转为|生成|做成?|加|配)[^，。发这那]{0,8}(?:语音|音频)(?![里说转写])",
    instead=frozenset({"read_text"}),
)
_SENTENCE = re.compile(r"[^。！？；!?;\n]*(?:[。！？；!?;\n]+|$)")


class Speak(Arguments):
    text: Annotated[str, Passage(by_heart=True), Cue(_CUE), _DUE] = Field(
        description=f"要朗读的文字，最多{MAX_CHARACTERS}字", min_length=1, max_length=MAX_CHARACTERS
    )
    voice: Literal["女声", "男声"] | None = Field(None, description="声音，用户提到时才填")
    # For programs that call the tool by themselves; the language model is not told of it.
    speed: SkipJsonSchema[float] = Field(1.0, description="语速的倍数", ge=0.5, le=2.0)


@tool(title_zh="朗读", title_en="Speak", icon="volume_up", roles=("tts",))
def speak(arguments: Speak, context: ToolContext) -> ToolOutput:
    """把文字读出来，生成语音。"""
    pieces = list(pieces_of(normalise(arguments.text)))
    if not pieces:
        raise ToolRetry(
            "文字里没有可以读出来的内容，请换一段。",
            "Nothing in the text can be said.",
            question="要读哪些字？请把原文发给我。",
        )
    handles: list[str] = []
    seconds, read, voice = 0.0, 0, ""
    for part in _parts(pieces):
        samples, rate, voice = _synthesize(part, arguments, context, read, len(pieces))
        handles.append(context.keep_sound(samples, rate, role="tts", name=_name(part)))
        seconds, read = seconds + len(samples) / rate, read + len(part)
    details = {"seconds": round(seconds, 2), "voice": voice, "spoken": "".join(pieces)}
    return ToolOutput(replies.spoken("、".join(handles), seconds), tuple(handles), details)


def _parts(pieces: list[str]) -> Iterator[list[str]]:
    """The pieces of one sound each."""
    part: list[str] = []
    for piece in pieces:
        if sum(map(len, part)) + len(piece) > _PART:
            yield part
            part = []
        part.append(piece)
    yield part


def _name(part: list[str]) -> str:
    return f"{''.join(part)[:20]}.wav"


def _synthesize(
    pieces: list[str], wanted: Speak, context: ToolContext, read: int, total: int
) -> tuple[npt.NDArray[np.float32], int, str]:
    """All pieces with their pauses [n], the sample rate in Hz, the voice that read them.

    `read` of `total` pieces were read before.
    """
    parts: list[npt.NDArray[np.float32]] = []
    rate = 0
    with context.lease("tts") as synthesizer:
        chosen = wanted.voice or synthesizer.voices[0]
        for number, piece in enumerate(pieces, read):
            context.check_cancelled()
            context.progress(number / total, f"正在朗读第{number + 1}句，共{total}句")
            speech = synthesizer.speak(piece, chosen, wanted.speed)
            rate = speech.sample_rate
            parts += [speech.samples, np.zeros(round(pause_after(piece) * rate), np.float32)]
    return np.concatenate(parts), rate, chosen


def pieces_of(text: str) -> Iterator[str]:
    """Sentences with their punctuation, long ones cut; pieces without a word are left out."""
    for sentence in _SENTENCE.findall(text):
        for start in range(0, len(sentence), _LONGEST_PIECE):
            piece = sentence[start : start + _LONGEST_PIECE]
            if any(character.isalnum() for character in piece):
                yield piece


def pause_after(piece: str) -> float:
    return _PAUSE_SECONDS.get(piece[-1], 0.15)
