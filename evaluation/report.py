"""The one form of report of every evaluation: tables to read, and flat keys and numbers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable


@dataclass(frozen=True)
class Table:
    """Rows of cells under named columns; figures are right-aligned and rounded to three places."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | int | float]]

    def render(self) -> RichTable:
        table = RichTable(title=self.title, title_justify="left")
        numeric = [all(isinstance(row[i], int | float) for row in self.rows) for i in self._indices]
        for name, right in zip(self.columns, numeric, strict=True):
            table.add_column(name, justify="right" if right else "left")
        for row in self.rows:
            table.add_row(*map(_cell, row))
        return table

    @property
    def _indices(self) -> range:
        return range(len(self.columns))


@dataclass(frozen=True)
class Report:
    """What an evaluation found. `figures` maps a flat key such as `r1` to a number."""

    title: str
    figures: dict[str, float]
    tables: Sequence[Table] = field(default_factory=tuple)

    def print(self, console: Console | None = None) -> None:
        """Show the figures and then each table on the terminal."""
        out = console or Console()
        summary = Table(self.title, ("figure", "value"), tuple(self.figures.items()))
        for table in (summary, *self.tables):
            out.print(table.render())

    def write_json(self, path: Path) -> None:
        """Write the figures alone as one flat JSON object."""
        path.write_text(json.dumps(self.figures, ensure_ascii=False, indent=2) + "\n", "utf-8")


def _cell(value: str | float) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
