"""Does the agent call the right tools with the right arguments? Cases with canned results."""

import tempfile
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from langchain_core.language_models.chat_models import BaseChatModel

from agent.abilities import Abilities
from agent.chat_model import DuomoChatModel
from agent.grammar import Hermes
from evaluation.report import Report, Table
from evaluation.routing_backends import ChatModelBackend, CheckpointBackend, server_backend
from evaluation.routing_cases import Backend, Schema, TurnResult, load_cases, run_case
from evaluation.routing_keywords import KeywordBackend
from models.catalog import BUNDLED_CATALOG, Catalog, load_profiles
from models.errors import InvalidRequest
from models.residency import Residency
from tools import registry

Score = dict[str, float]


class NoGrammar(Hermes):
    """Hermes calls, decoded freely: what the grammar is worth."""

    def structural_tag(
        self, tools: Sequence[Schema], handles: Sequence[str], *, must: bool = False
    ) -> None:
        del tools, handles, must

    def words_only(self) -> None: ...


def score(results: Sequence[TurnResult]) -> Score:
    """Turn, argument and case accuracy, false calls (of turns that want none), malformed calls."""
    checked = [r for r in results if r.turn.args]
    idle = [r for r in results if r.wants_none]
    cases: dict[str, bool] = {}
    for r in results:
        cases[r.case.id] = cases.get(r.case.id, True) and r.routed and r.argued
    return {
        "turn_accuracy": _share(r.routed for r in results),
        "argument_accuracy": _share(r.argued for r in checked),
        "case_accuracy": _share(cases.values()),
        "false_calls": _share(bool(r.calls) for r in idle),
        "malformed": float(sum(r.malformed for r in results)),
        "cases": float(len(cases)),
    }


def report(name: str, results: Sequence[TurnResult], others: dict[str, Score]) -> Report:
    """`results` of backend `name` in full, the figures of `others` beside it."""
    figures = score(results)
    tables = [
        _comparison({name: figures, **others}),
        _by_kind(results),
        _confusion(results),
        _misses(results),
    ]
    return Report(f"routing: {name}", figures, tables)


def evaluate(
    path: Path, backend: Backend, offered: Collection[str] = (), system: str = ""
) -> list[TurnResult]:
    """Every case of the file through `backend`: with all tools, or with those `offered` alone;
    cases that cannot do with these are left out."""
    schemas = registry.schemas()
    names = set(offered) or set(schemas)
    if unknown := ", ".join(sorted(names - set(schemas))):
        known = ", ".join(sorted(schemas))
        raise InvalidRequest(
            f"没有这些工具：{unknown}。有：{known}", f"no such tools: {unknown}; there are {known}"
        )
    tools: list[Schema] = [schema for name, schema in schemas.items() if name in names]
    cases = (case for case in load_cases(path) if case.can_do_with(names))
    return [result for case in cases for result in run_case(case, backend, tools, system)]


def evaluate_profile(cases: Path, profile: str) -> Report:
    """The report on the language model of `profile`, with the grammar, as the product asks it."""
    with tempfile.TemporaryDirectory() as folder:
        backend = ChatModelBackend(chat_model(profile, folder, True), profile)
        return report(backend.name, evaluate(cases, backend), {})


def _share(values: Any) -> float:
    listed = [bool(value) for value in values]
    return sum(listed) / len(listed) if listed else 0.0


def _comparison(scores: dict[str, Score]) -> Table:
    columns = [key for key in next(iter(scores.values())) if key != "cases"]
    rows: list[list[str | float]] = [
        [name, *(figures[key] for key in columns)] for name, figures in scores.items()
    ]
    return Table("backends", ["backend", *columns], rows)


def _by_kind(results: Sequence[TurnResult]) -> Table:
    rows: list[list[str | float]] = []
    for kind in sorted({r.case.kind for r in results}):
        figures = score([r for r in results if r.case.kind == kind])
        rows.append([kind, *figures.values()])
    return Table("by kind", ["kind", *score(results)], rows)


def _confusion(results: Sequence[TurnResult]) -> Table:
    """What was wanted (the first of the acceptable sequences) against what was called, mistakes
    only; the commonest first."""
    wrong = [r for r in results if not r.routed]
    pairs = Counter((_sequence(r.turn.expect[0]), _sequence(r.names)) for r in wrong).most_common()
    return Table("confusion", ["expected", "called", "turns"], [[*p, n] for p, n in pairs])


def _sequence(names: Sequence[str]) -> str:
    return " + ".join(names) or "no tool"


def _misses(results: Sequence[TurnResult]) -> Table:
    rows = [
        [r.case.id, r.turn.user, _wanted(r), _done(r)]
        for r in results
        if not (r.routed and r.argued)
    ]
    return Table("misses", ["case", "asked", "expected", "done"], rows)


def _wanted(result: TurnResult) -> str:
    sequences = " / ".join(map(_sequence, result.turn.expect))
    checks = (f"{c.tool}.{c.arg}={c.equals or c.must_contain}" for c in result.turn.args)
    return "; ".join([sequences, *checks])


def _done(result: TurnResult) -> str:
    calls = " + ".join(f"{call.name}{call.arguments}" for call in result.calls)
    return calls or f"no tool: {result.text}"


def chat_model(profile: str, folder: str, grammar: bool) -> BaseChatModel:
    """The language model of `profile` as the product asks it; `folder` holds what was pulled."""
    catalog = Catalog.from_directories(BUNDLED_CATALOG)
    chosen = load_profiles()[profile]
    residency = Residency(
        catalog,
        chosen,
        device=torch.device("cpu"),
        budget_bytes=chosen.budget_bytes,
        data_dir=Path(folder),
    )
    return DuomoChatModel(
        residency=residency,
        call_format=Hermes() if grammar else NoGrammar(),
        abilities=Abilities.of(registry.discover().values()),
    )


def main(
    cases: Annotated[Path, typer.Argument(help="JSON lines, one case each", exists=True)],
    profile: Annotated[str, typer.Option(help="whose language model to ask")] = "starter",
    checkpoint: Annotated[
        Path | None, typer.Option(help="a folder to load instead, without the grammar")
    ] = None,
    url: Annotated[
        str, typer.Option(help="an OpenAI-compatible server to ask instead; its key: DUOMO_LLM_KEY")
    ] = "",
    model: Annotated[str, typer.Option(help="the model there")] = "",
    tools: Annotated[
        str, typer.Option(help="names to offer, with commas; cases that need others are left out")
    ] = "",
    baselines: Annotated[
        bool, typer.Option(help="also keywords, and the model without the grammar")
    ] = False,
    json: Annotated[Path | None, typer.Option(help="write the figures here too")] = None,
) -> None:
    """Route every case and print what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        backend: Backend
        is_ours = checkpoint is None and not url
        if checkpoint is not None:
            backend = CheckpointBackend(checkpoint)
        elif url:
            backend = server_backend(url, model, model)
        else:
            backend = ChatModelBackend(chat_model(profile, folder, True), profile)
        offered = [name.strip() for name in tools.split(",") if name.strip()]
        others: dict[str, Score] = {}
        if baselines:
            others["keywords"] = score(evaluate(cases, KeywordBackend(), offered))
        if baselines and is_ours:
            free = ChatModelBackend(chat_model(profile, folder, False), f"{profile}, no grammar")
            others[free.name] = score(evaluate(cases, free, offered))
        found = report(backend.name, evaluate(cases, backend, offered), others)
    found.print()
    if json is not None:
        found.write_json(json)
