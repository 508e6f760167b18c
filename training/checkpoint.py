"""Training state on disk: written whole or not at all, and a row of `loss.csv` for every report."""

import csv
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

State = dict[str, Tensor]


class StopAsked:
    """True once SIGTERM or SIGINT has come, so that a loop ends after a whole update."""

    def __init__(self) -> None:
        self._came = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def __bool__(self) -> bool:
        return self._came

    def _note(self, *_: object) -> None:
        self._came = True


class Part(Protocol):
    """A module or an optimizer of a run."""

    def state_dict(self) -> Any: ...

    def load_state_dict(self, state: Any, /) -> Any: ...


def save(path: Path, parts: Mapping[str, Part], **counted: float) -> None:
    """Write the state of `parts` and what was `counted` (steps, seconds) in one move."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save({name: part.state_dict() for name, part in parts.items()} | counted, partial)
    partial.replace(path)


def resume(path: Path, parts: Mapping[str, Part]) -> dict[str, Any]:
    """Bring `parts` back to where `save` left them; what was counted, nothing at the very start."""
    if not path.exists():
        return {}
    state: dict[str, Any] = torch.load(path, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(state.pop(name))
    return state


def log(path: Path, row: dict[str, float]) -> None:
    """Append a row, as `add_row` does, and print it."""
    add_row(path, row)
    print("  ".join(f"{name} {value:.4g}" for name, value in row.items()), flush=True)


def add_row(path: Path, row: dict[str, float]) -> None:
    """Append a row, with a header where the file is new."""
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if is_new:
            writer.writeheader()
        writer.writerow({name: f"{value:.6g}" for name, value in row.items()})
