"""Routing cases through OpenAI-compatible servers of others, beside the product's own model.

    python -m benchmarks.servers CASES --server NAME=URL=MODEL [--server …] [--limit 12]

The servers are started by hand, with the starter, and are no dependency of anything:

    uvx --from 'transformers[serving]' transformers serve models/starter/llm --port 8101
    --server transformers=http://127.0.0.1:8101/v1=models/starter/llm

    uv run --with gguf python -m benchmarks.starter_gguf starter.gguf
    uvx --from 'llama-cpp-python[server]' python -m llama_cpp.server --model starter.gguf \
        --port 8102 --n_ctx 4096 --model_alias starter
    --server llama.cpp=http://127.0.0.1:8102/v1=starter
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from evaluation.report import Report, Table
from evaluation.routing import chat_model, score
from evaluation.routing_backends import ChatModelBackend, server_backend
from evaluation.routing_cases import Case, Schema, TurnResult, load_cases, run_case
from tools import registry

FIGURES = ("turn_accuracy", "argument_accuracy", "case_accuracy", "false_calls", "malformed")


def measure(cases: Sequence[Case], backend: ChatModelBackend) -> tuple[list[TurnResult], float]:
    """What came of every turn, and the seconds that all of them took."""
    tools: list[Schema] = list(registry.schemas().values())
    began = time.monotonic()
    results = [turn for case in cases for turn in run_case(case, backend, tools, "")]
    return results, time.monotonic() - began


def report(cases: Sequence[Case], backends: Sequence[ChatModelBackend]) -> Report:
    """A row a backend; `same`: turns with the calls of the first backend, arguments included."""
    rows: list[list[str | float | int]] = []
    figures: dict[str, float] = {}
    first: list[TurnResult] = []
    for backend in backends:
        results, seconds = measure(cases, backend)
        first = first or results
        same = sum(a.calls == b.calls for a, b in zip(first, results, strict=True))
        scored = score(results)
        row = {key: scored[key] for key in FIGURES} | {
            "same": same / len(results),
            "seconds_per_turn": seconds / len(results),
        }
        rows.append([backend.name, *row.values()])
        figures |= {f"{backend.name}.{key}": value for key, value in row.items()}
    columns = ["backend", *FIGURES, "same", "seconds_per_turn"]
    return Report(f"servers, {len(first)} turns", figures, [Table("servers", columns, rows)])


def through(server: str) -> ChatModelBackend:
    name, url, model = server.split("=", 2)
    return server_backend(url, model, name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("cases", type=Path)
    parser.add_argument("--server", action="append", default=[], metavar="NAME=URL=MODEL")
    parser.add_argument("--limit", type=int, default=None, help="cases, spread over the file")
    parser.add_argument("--json", type=Path, default=None)
    arguments = parser.parse_args()
    cases = load_cases(arguments.cases)
    step = max(len(cases) // arguments.limit, 1) if arguments.limit else 1
    with tempfile.TemporaryDirectory() as folder:
        own = ChatModelBackend(chat_model("starter", folder, True), "duomo")
        found = report(cases[::step][: arguments.limit], [own, *map(through, arguments.server)])
    found.print()
    if arguments.json is not None:
        found.write_json(arguments.json)


if __name__ == "__main__":
    main()
