"""The layers of the design: an import goes right, never left.

ui → api.client        api → duomo → agent → tools → retrieval → models
training → retrieval, models, tools       evaluation, benchmarks → everything but ui
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHAIN = ("models", "retrieval", "tools", "agent", "duomo", "api")
LIGHT = (
    "api.client",
    "api.schemas",
    "api.transcript",
    *sorted(f"api.{path.stem}" for path in (ROOT / "api").glob("*_schemas.py")),
)
MAY_IMPORT: dict[str, set[str]] = {
    **{package: set(CHAIN[: i + 1]) for i, package in enumerate(CHAIN)},
    # Besides the client, the terminal reads settings and errors, and starts engine and evaluations.
    "ui": {"ui", "api", "duomo", "models", "evaluation"},
    "training": {"training", "retrieval", "models", "tools"},
    "evaluation": {"evaluation", "benchmarks", "training", *CHAIN},
    "benchmarks": {"evaluation", "benchmarks", "training", *CHAIN},
}
# What `ui` may import while a module loads: all of it costs neither torch nor the agent.
UI_AT_LOAD = (*LIGHT, "duomo.settings", "duomo.home", "duomo.version", "models.errors", "ui")
HEAVY = {"torch", "transformers", "langchain_core", "langgraph", "faiss", "open_clip"}
OURS_HEAVY = {"agent", "tools", "retrieval", "duomo.engine", "models.residency"}


def python_files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    """(line, module) of every import below `tree`; relative ones made absolute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = f"{package}.{node.module or ''}" if node.level else node.module or ""
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def load_time_statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """What runs when the module is imported: not functions, nothing for the type checker."""
    for node in tree.body:
        is_typing = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if not is_typing and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_an_import_goes_right_never_left(package: str) -> None:
    ours = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in python_files(package)
        for line, module in imported(ast.parse(path.read_text(encoding="utf-8")), package)
        if module.split(".")[0] in ours - MAY_IMPORT[package]
    ]
    assert not wrong, "\n".join(wrong)


def test_every_package_of_the_tree_has_its_rule() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages <= set(MAY_IMPORT)


def test_the_ui_loads_only_the_client() -> None:
    ours = {*MAY_IMPORT, "tests"}
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in python_files("ui")
        for statement in load_time_statements(ast.parse(path.read_text(encoding="utf-8")))
        for line, module in imported(statement, "ui")
        if module.split(".")[0] in ours and not module.startswith(UI_AT_LOAD)
    ]
    assert not wrong, "\n".join(wrong)


def loaded_by(*modules: str) -> set[str]:
    """What is in `sys.modules` of a fresh process that imports `modules`."""
    lines = "\n".join(f"import {module}" for module in modules)
    code = f"{lines}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "modules",
    [LIGHT, ("duomo", "duomo.settings", "duomo.home"), ("ui.cli",), ("api.app",)],
    ids=["client", "settings", "terminal", "http"],
)
def test_what_must_start_at_once_loads_nothing_heavy(modules: tuple[str, ...]) -> None:
    missing = [m for m in modules if not (ROOT / (m.replace(".", "/") + ".py")).exists()]
    if modules == ("ui.cli",) and missing:
        pytest.skip("no terminal yet")
    assert not loaded_by(*modules) & (HEAVY | OURS_HEAVY)
