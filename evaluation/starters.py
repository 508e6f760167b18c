"""`duomo eval starters`: every figure of the small models that come along, from one command.

Each role is measured by its own evaluation; a figure is named role.figure. A role whose weights
are not there is said to be missing, and what needs recordings, cases or pages is left out without
them.
"""

import json as jsonlib
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from evaluation.report import Report, Table
from evaluation.roles import load_role
from models.errors import CheckpointMissing, InvalidRequest, NotFound
from training.world.splits import HELD_OUT_SEEDS


@dataclass(frozen=True)
class Settings:
    """What is measured, on how much, and where data that does not come along lies."""

    profile: str = "starter"
    data: Path = Path()
    work: Path = Path("runs/eval")
    limit: int | None = None
    speech: Path | None = None
    cases: Path | None = None
    texts: Path | None = None


@dataclass
class Found:
    """Reports of the roles that could be measured, and why the others could not."""

    reports: dict[str, Report] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def figures(self) -> dict[str, float]:
        """role.figure → value."""
        return {
            f"{role}.{name}": value
            for role, report in self.reports.items()
            for name, value in report.figures.items()
        }


class _NoData(Exception):
    """What a role is measured on does not come along and was not named."""


def _judge(settings: Settings) -> Report:
    from evaluation.judge import Judge, evaluate_judge

    return evaluate_judge(Judge.load(), HELD_OUT_SEEDS[: settings.limit])


def _clip(settings: Settings) -> Report:
    from evaluation.clip import evaluate_world
    from models.roles.clip import ClipModel

    clip = load_role(ClipModel, "clip", settings.profile, settings.data)
    return evaluate_world(clip, HELD_OUT_SEEDS[: settings.limit])


def _llm(settings: Settings) -> Report:
    if settings.cases is None:
        raise _NoData("--cases")
    from evaluation.routing import evaluate_profile

    return evaluate_profile(settings.cases, settings.profile)


def _ocr(settings: Settings) -> Report:
    if settings.texts is None:
        raise _NoData("--texts")
    from evaluation.ocr import evaluate_ocr, read_cases
    from models.roles.ocr import TextRecognizer

    recognizer = load_role(TextRecognizer, "ocr", settings.profile, settings.data)
    return evaluate_ocr(recognizer, read_cases(settings.texts)[: settings.limit])


def _t2i(settings: Settings) -> Report:
    from evaluation.judge import Judge
    from evaluation.t2i import PROMPTS, evaluate_t2i
    from models.roles.t2i import ImageGenerator

    generator = load_role(ImageGenerator, "t2i", settings.profile, settings.data)
    return evaluate_t2i(generator, settings.work / "t2i", settings.limit or PROMPTS, Judge.load())


def _edit(settings: Settings) -> Report:
    from evaluation.edit import EDITS, evaluate_edit
    from evaluation.judge import Judge
    from models.roles.edit import ImageEditor

    editor = load_role(ImageEditor, "edit", settings.profile, settings.data)
    return evaluate_edit(editor, settings.work / "edit", settings.limit or EDITS, Judge.load())


def _vlm(settings: Settings) -> Report:
    from evaluation.vlm import QUESTIONS, evaluate_vlm
    from models.roles.vlm import VisionLanguageModel

    model = load_role(VisionLanguageModel, "vlm", settings.profile, settings.data)
    return evaluate_vlm(model, settings.limit or QUESTIONS)


def _asr(settings: Settings) -> Report:
    from evaluation.asr import SENTENCES, evaluate_asr
    from models.roles.listener import Listener

    listener = load_role(Listener, "asr", settings.profile, settings.data)  # type: ignore[type-abstract]
    return evaluate_asr(listener, settings.speech, settings.limit or SENTENCES)


MEASURES: dict[str, Callable[[Settings], Report]] = {
    "clip": _clip,
    "llm": _llm,
    "ocr": _ocr,
    "vlm": _vlm,
    "asr": _asr,
    "judge": _judge,
    "t2i": _t2i,
    "edit": _edit,
}


def evaluate_starters(roles: Sequence[str], settings: Settings) -> Found:
    """The reports of `roles`, each a key of MEASURES, one after the other."""
    found = Found()
    progress = Console(stderr=True, highlight=False)
    for role in roles:
        progress.print(f"{role} …", style="dim")
        try:
            found.reports[role] = MEASURES[role](settings)
        except (NotFound, CheckpointMissing) as error:
            found.missing[role] = str(error)
        except _NoData as error:
            found.missing[role] = f"没有给出 {error}。 / No {error} was given."
    return found


def _chosen(only: str | None) -> list[str]:
    roles = [role.strip() for role in only.split(",")] if only else list(MEASURES)
    unknown = [role for role in roles if role not in MEASURES]
    if unknown:
        raise InvalidRequest(
            f"没有 {'、'.join(unknown)} 的评测。可选：{'、'.join(MEASURES)}。",
            f"There is no evaluation of {', '.join(unknown)}. Choose of: {', '.join(MEASURES)}.",
        )
    return roles


def main(
    only: Annotated[str | None, typer.Option(help="roles, with commas between")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="how many items a role, for a quick look")
    ] = None,
    speech: Annotated[
        Path | None, typer.Option(help="recordings of people, for asr", exists=True)
    ] = None,
    cases: Annotated[Path | None, typer.Option(help="routing cases, for llm", exists=True)] = None,
    texts: Annotated[
        Path | None, typer.Option(help="pictures with ground_truth.jsonl, for ocr", exists=True)
    ] = None,
    profile: Annotated[str, typer.Option(help="whose models to measure")] = "starter",
    data: Annotated[Path, typer.Option(help="where pulled checkpoints lie")] = Path(),
    work: Annotated[Path, typer.Option(help="where drawn pictures are kept")] = Path("runs/eval"),
    json: Annotated[bool, typer.Option(help="print one JSON object instead of tables")] = False,
) -> None:
    """Measure the models that come along, and print every figure."""
    settings = Settings(profile, data, work, limit, speech, cases, texts)
    with redirect_stdout(sys.stderr):
        found = evaluate_starters(_chosen(only), settings)
    if json:
        print(jsonlib.dumps(found.figures | {"missing": found.missing}, ensure_ascii=False))
    else:
        _print(found)


def _print(found: Found) -> None:
    missing = [Table("Not measured", ("role", "why"), tuple(found.missing.items()))]
    tables = [table for report in found.reports.values() for table in report.tables]
    Report("starters", found.figures, [*tables, *(missing if found.missing else [])]).print()
