"""`duomo eval ocr`: how many characters of pictures with known lines are read right?

A folder with `ground_truth.jsonl`: one object a line, `image` (a file name) and `lines` (the text
on it, all of it or a part). A line counts by its edit distance to the nearest stretch of what was
read, so that a partial ground truth and another order of lines cost nothing.
"""

import json as jsonlib
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import torch
import typer
from rich.progress import track

from evaluation.report import Report, Table
from models.catalog import Catalog, load_profiles
from models.errors import InvalidRequest, NotFound
from models.roles.ocr import TextRecognizer
from retrieval.media import open_picture


@dataclass(frozen=True)
class Case:
    image: Path
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    case: Case
    read: tuple[str, ...]
    seconds: float

    @property
    def characters(self) -> int:
        return sum(len(comparable(line)) for line in self.case.lines)

    @property
    def errors(self) -> int:
        page = comparable("".join(self.read))
        return sum(substring_distance(comparable(line), page) for line in self.case.lines)


def comparable(text: str) -> str:
    """Width variants folded (NFKC) and spaces left out: what a reader would not call an error."""
    return "".join(c for c in unicodedata.normalize("NFKC", text) if not c.isspace())


def substring_distance(line: str, page: str) -> int:
    """Least edit distance between `line` and any substring of `page` (Sellers 1980)."""
    previous = [0] * (len(page) + 1)
    for number, wanted in enumerate(line, 1):
        current = [number]
        for column, found in enumerate(page, 1):
            substituted = previous[column - 1] + (wanted != found)
            current.append(min(previous[column] + 1, current[-1] + 1, substituted))
        previous = current
    return min(previous)


def read_cases(folder: Path) -> list[Case]:
    """The cases of a folder. `NotFound`, `InvalidRequest` for a file that is not as described."""
    truth = folder / "ground_truth.jsonl"
    if not truth.is_file():
        raise NotFound(f"{folder} 里没有 ground_truth.jsonl。", f"{folder} has no {truth.name}.")
    try:
        rows = [jsonlib.loads(line) for line in truth.read_text("utf-8").splitlines() if line]
        return [_case(folder, row) for row in rows]
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidRequest(
            f"{truth.name} 的格式不对：{error}", f"{truth.name} is malformed: {error}"
        ) from error


def _case(folder: Path, row: dict[str, Any]) -> Case:
    return Case(folder / str(row["image"]), tuple(map(str, row["lines"])))


def evaluate_ocr(recognizer: TextRecognizer, cases: Sequence[Case]) -> Report:
    """`character_accuracy` over all cases; `blank_lines` are lines read where there is no text."""
    results = [_read(recognizer, case) for case in track(cases, "OCR", transient=True)]
    characters = sum(result.characters for result in results)
    with_text = [result for result in results if result.characters]
    figures = {
        "character_accuracy": 1 - sum(r.errors for r in results) / max(1, characters),
        "pictures_without_error": sum(not r.errors for r in with_text) / max(1, len(with_text)),
        "blank_lines": sum(len(r.read) for r in results if not r.characters),
        "median_seconds": median(r.seconds for r in results) if results else 0.0,
        "pictures": len(results),
        "characters": characters,
    }
    wrong = [
        (r.case.image.name, r.errors, r.characters, " / ".join(r.read)[:60])
        for r in results
        if r.errors
    ]
    table = Table("errors", ("picture", "errors", "characters", "read"), wrong)
    return Report("ocr", figures, (table,) if wrong else ())


def _read(recognizer: TextRecognizer, case: Case) -> Result:
    picture = open_picture(case.image)
    began = time.perf_counter()
    lines = recognizer.read(picture)
    return Result(case, tuple(line.text for line in lines), time.perf_counter() - began)


def main(
    folder: Annotated[Path, typer.Argument(help="pictures and ground_truth.jsonl", exists=True)],
    profile: Annotated[str, typer.Option(help="whose text recogniser to use")] = "starter",
    data: Annotated[Path, typer.Option(help="where pulled checkpoints lie")] = Path(),
    json: Annotated[Path | None, typer.Option(help="write the figures here too")] = None,
) -> None:
    """Read every picture and print what came of it."""
    recognizer, seconds = _load(profile, data)
    report = evaluate_ocr(recognizer, read_cases(folder))
    report.figures["cold_start_seconds"] = seconds
    report.print()
    if json:
        report.write_json(json)


def _load(profile: str, data: Path) -> tuple[TextRecognizer, float]:
    profiles, catalog = load_profiles(), Catalog.bundled()
    if profile not in profiles or "ocr" not in profiles[profile].roles:
        raise NotFound(
            f"没有配置 {profile}，或者它不能识别文字。",
            f"There is no profile {profile}, or it reads no text.",
        )
    checkpoint = catalog.get(profiles[profile].roles["ocr"])
    began = time.perf_counter()
    path = catalog.locate(checkpoint.name, data)
    recognizer = TextRecognizer.load(path, checkpoint, torch.device("cpu"))
    return recognizer, time.perf_counter() - began
