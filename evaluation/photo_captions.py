"""Photos with sentences that describe them: a folder with `captions.jsonl`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from models.errors import InvalidRequest, NotFound
from retrieval.media import open_picture


@dataclass(frozen=True)
class Photo:
    """A picture's file name and the sentences that describe it."""

    name: str
    captions: tuple[str, ...]


def read_captions(folder: Path) -> list[Photo]:
    """The photos that `captions.jsonl` names. Names may not leave the folder."""
    path = folder / "captions.jsonl"
    if not path.is_file():
        raise NotFound(
            f"{folder} 里没有 captions.jsonl。请指定带有该文件的图片文件夹。",
            f"{folder} has no captions.jsonl. Name a folder of pictures that has one.",
        )
    lines = path.read_text("utf-8").splitlines()
    return [_photo(line, number) for number, line in enumerate(lines, start=1) if line.strip()]


def _photo(line: str, number: int) -> Photo:
    try:
        row: dict[str, Any] = json.loads(line)
        name, captions = str(row["image"]), tuple(map(str, row["captions_zh"]))
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise _broken_line(number) from error
    if Path(name).name != name or not captions:
        raise _broken_line(number)
    return Photo(name, captions)


def _broken_line(number: int) -> InvalidRequest:
    return InvalidRequest(
        f"captions.jsonl 第 {number} 行应为 image（文件名）和 captions_zh（句子列表）。",
        f"captions.jsonl line {number} must have image (a file name) and captions_zh (sentences).",
    )


def open_photo(path: Path) -> Image.Image:
    """RGB, upright. Raises NotFound, and what `open_picture` raises."""
    if not path.is_file():
        raise NotFound(f"找不到图片 {path}。", f"There is no picture {path}.")
    return open_picture(path)
