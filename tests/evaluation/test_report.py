"""One form of report: what is printed and what is written agree."""

import json
from io import StringIO
from pathlib import Path

from rich.console import Console

from evaluation.report import Report, Table

_REPORT = Report(
    "CLIP", {"r1": 0.625, "pictures": 1000}, (Table("按风格", ("style", "r1"), [("水墨", 0.5)]),)
)


def test_figures_are_written_as_flat_keys_and_numbers(tmp_path: Path) -> None:
    _REPORT.write_json(tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text("utf-8")) == {"r1": 0.625, "pictures": 1000}


def test_figures_and_tables_are_printed() -> None:
    out = StringIO()
    _REPORT.print(Console(file=out, width=80))
    text = out.getvalue()
    assert all(part in text for part in ("CLIP", "r1", "0.625", "1000", "按风格", "水墨", "0.500"))
