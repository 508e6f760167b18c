"""`duomo doctor`: looks at this machine and says line by line what to do."""

import typer
from rich.text import Text

from duomo.settings import load_settings
from ui.checks import Examination, Finding, examine
from ui.commands.terminal import console, text, told_plainly
from ui.untrusted import plain

_MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


@told_plainly
def doctor() -> None:
    findings = []
    for finding in examine(Examination(load_settings(), text)):
        findings.append(finding)
        console.print(_line(finding))
    failed = sum(finding.level == "fail" for finding in findings)
    console.print(Text(text("doctor.bad", count=failed) if failed else text("doctor.good"), "bold"))
    if failed:
        raise typer.Exit(1)


def _line(finding: Finding) -> Text:
    mark, style = _MARKS[finding.level]
    line = Text.assemble((f"{mark} ", style), (finding.subject, "bold"), "  ", plain(finding.found))
    if finding.remedy:
        line.append(f"\n    → {finding.remedy}", style)
    return line
