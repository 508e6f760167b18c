"""`duomo eval NAME`: hands over to `evaluation/NAME.py`, which has `app` or `main`."""

import ast
import importlib
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from models.errors import NotFound
from ui.commands.terminal import console, text, told_plainly

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@told_plainly
def evaluate(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help=text("help.eval_name"))] = None,
) -> None:
    known = evaluations()
    if name is None or name in {"--help", "-h"}:
        _list(known)
        return
    if name not in known:
        raise NotFound(
            f"没有叫 {name} 的评测。可用的有：{'、'.join(sorted(known))}。",
            f"There is no evaluation {name}. There are: {', '.join(sorted(known))}.",
        )
    _command(importlib.import_module(f"evaluation.{name}"))(
        args=context.args, prog_name=f"duomo eval {name}"
    )


def evaluations() -> dict[str, str]:
    """Name → what it measures, read without importing (most import torch)."""
    import evaluation

    found: dict[str, str] = {}
    for folder in evaluation.__path__:
        for path in sorted(Path(folder).glob("*.py")):
            tree = ast.parse(path.read_text("utf-8"))
            if not path.stem.startswith("_") and _is_runnable(tree):
                found[path.stem] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return found


def _is_runnable(tree: ast.Module) -> bool:
    return any(_defined(node) in {"app", "main"} for node in tree.body)


def _defined(node: ast.stmt) -> str | None:
    if isinstance(node, ast.FunctionDef):
        return node.name
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return None


def _command(module: ModuleType) -> typer.Typer:
    if isinstance(found := getattr(module, "app", None), typer.Typer):
        return found
    app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
    app.command()(told_plainly(module.main))
    return app


def _list(known: dict[str, str]) -> None:
    table = Table(text("eval.name"), text("eval.about"), box=None, pad_edge=False)
    for name, about in sorted(known.items()):
        table.add_row(Text(name, "bold"), Text(about))
    console.print(table)
