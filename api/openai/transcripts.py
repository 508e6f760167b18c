"""What was heard, as text, subtitles (SubRip, WebVTT) or JSON with times."""

from collections.abc import Mapping, Sequence
from typing import Any

Segment = Mapping[str, Any]
"""`start`, `end` in seconds, `text`."""


def text_of(segments: Sequence[Segment]) -> str:
    return "\n".join(segment["text"] for segment in segments)


def srt(segments: Sequence[Segment]) -> str:
    blocks = (
        f"{number}\n{_clock(s['start'], ',')} --> {_clock(s['end'], ',')}\n{s['text']}\n"
        for number, s in enumerate(segments, 1)
    )
    return "\n".join(blocks)


def vtt(segments: Sequence[Segment]) -> str:
    blocks = (
        f"{_clock(s['start'], '.')} --> {_clock(s['end'], '.')}\n{_cue(s['text'])}\n"
        for s in segments
    )
    return "\n".join(["WEBVTT\n", *blocks])


def verbose(heard: Mapping[str, Any], *, words: bool, segments: bool) -> dict[str, Any]:
    """OpenAI's `verbose_json`, without the figures that not every recognizer has."""
    told: dict[str, Any] = {
        "task": "transcribe",
        "language": "zh",
        "duration": heard["seconds"],
        "text": text_of(heard["segments"]),
        "usage": {"type": "duration", "seconds": heard["seconds"]},
    }
    if segments:
        told["segments"] = [{"id": n, **segment} for n, segment in enumerate(heard["segments"])]
    if words and "words" in heard:
        told["words"] = [
            {"start": start, "end": end, "word": word}
            for segment in heard["words"]
            for start, end, word in segment
        ]
    return told


def _cue(text: str) -> str:
    """Words may hold neither markup nor what ends a cue."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("-->", "--&gt;")


def _clock(seconds: float, point: str) -> str:
    """
    >>> _clock(3725.5, ",")
    '01:02:05,500'
    """
    milliseconds = round(seconds * 1000)
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{rest:03}"
