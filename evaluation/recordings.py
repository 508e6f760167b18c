"""Recordings of people with what they say: a folder with `manifest.jsonl`."""

import json
from dataclasses import dataclass
from pathlib import Path

from models.errors import InvalidRequest, NotFound


@dataclass(frozen=True)
class Recording:
    """A sound file and its transcript."""

    path: Path
    text: str


def read_recordings(folder: Path) -> list[Recording]:
    """What `manifest.jsonl` lists: a line each of `path` (a name in the folder) and `text`.

    Raises NotFound without that file, InvalidRequest for a broken line."""
    manifest = folder / "manifest.jsonl"
    if not manifest.is_file():
        raise NotFound(
            f"{folder} 里没有 manifest.jsonl。请指定带有该文件的录音文件夹。",
            f"{folder} has no manifest.jsonl. Name a folder of recordings that has one.",
        )
    lines = manifest.read_text("utf-8").splitlines()
    return [_recording(folder, line, n) for n, line in enumerate(lines, 1) if line.strip()]


def _recording(folder: Path, line: str, number: int) -> Recording:
    try:
        row = json.loads(line)
        name, text = str(row["path"]), str(row["text"])
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise _broken_line(number) from error
    if Path(name).name != name or not text:
        raise _broken_line(number)
    return Recording(folder / name, text)


def _broken_line(number: int) -> InvalidRequest:
    return InvalidRequest(
        f"manifest.jsonl 第 {number} 行应为 path（文件名）和 text（说了什么）。",
        f"manifest.jsonl line {number} must have path (a file name) and text (what is said).",
    )
