"""Does one budget hold? Ten steps through all starters, which do not fit it together.

    python -m benchmarks.cpu_budget [--share 0.6] [--json FILE]

The budget is a share of what all starters hold at once. What the process holds is read every 5 ms
from the operating system; counted is what it holds beyond a process that has run everything once
and released it, since libraries, kernels and their buffers belong to no checkpoint.
"""

import argparse
import json
import platform
import tempfile
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Self

import torch

from benchmarks import ten_steps
from models.catalog import Catalog, Note, Profile
from models.residency import Residency

_PAGE = 4096
_EVERY = 0.005  # seconds
MIB = 2**20


class Watch:
    """The most resident bytes of this process while it is open."""

    def __init__(self) -> None:
        self.peak = resident_bytes()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(_EVERY):
            self.peak = max(self.peak, resident_bytes())


def resident_bytes() -> int:
    """Anonymous memory of this process: mapped files can be dropped by the system at any time."""
    for line in Path("/proc/self/status").read_text("utf-8").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise OSError("this system does not tell what a process holds")


def residency_of(catalog: Catalog, budget: int, folder: Path) -> Residency:
    roles = {role: f"starter-{role}" for role in ten_steps.ROLES}
    note = Note(zh="测量", en="measured")
    profile = Profile.model_validate(
        {"name": "measured", "budget_bytes": budget, "roles": roles, "note": note}
    )
    return Residency(
        catalog, profile, device=torch.device("cpu"), budget_bytes=budget, data_dir=folder
    )


def measure(share: float) -> dict[str, float]:
    catalog = Catalog.bundled()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        whole = _run(residency_of(catalog, 8 * 1024 * MIB, folder))
        budget = int(share * whole["held"])
        before = resident_bytes()
        with Watch() as watch:
            tight = _run(residency_of(catalog, budget, folder))
    return {
        "all_starters_mib": whole["held"] / MIB,
        "budget_mib": budget / MIB,
        "planned_peak_mib": tight["held"] / MIB,
        "measured_peak_mib": (watch.peak - before) / MIB,
        "swaps": tight["swaps"],
        "seconds_unlimited": whole["seconds"],
        "seconds": tight["seconds"],
        "loading_s": tight["loading"],
    }


def _run(residency: Residency) -> dict[str, float]:
    held, loading, working = 0, 0.0, 0.0
    for taken in ten_steps.run(residency, ten_steps.new_desk()):
        held = max(held, residency.state().used_bytes)
        loading, working = loading + taken.load, working + taken.work
    swaps = residency.state().swaps
    residency.close()
    return {"held": held, "swaps": swaps, "loading": loading, "seconds": loading + working}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=0.6, help="of what all starters hold")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    report = measure(arguments.share)
    print(f"torch {version('torch')}, {platform.machine()}, one thread")
    for name, value in report.items():
        print(f"{name:24} {value:10.2f}")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    if report["measured_peak_mib"] > report["budget_mib"]:
        raise SystemExit("the budget did not hold")


if __name__ == "__main__":
    main()
