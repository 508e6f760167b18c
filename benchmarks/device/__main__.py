"""Everything that needs a card, in one command and within its minutes.

    python -m benchmarks.device [--minutes 9] [--profiles 16gb 12gb 24gb 8gb]

First the tests (`tests/gpu`); then, profile by profile, the ten steps under the profile's budget,
and for the first one by the peer's hooks too. Every part is a process of its own and its figures
are written when it ends, so what the minutes did not suffice for is all that is missing. Results go
to `benchmarks/results/`, named by day and device, with the versions that made them.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from benchmarks.device.one_budget import roomy
from models.catalog import Catalog, load_profiles

RESULTS = Path(__file__).parents[1] / "results"
_LIBRARIES = ("torch", "transformers", "diffusers", "accelerate", "bitsandbytes")
_LEAST_SECONDS = 30  # a part is not begun with less


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.device", description=__doc__)
    parser.add_argument("--minutes", type=float, default=9.0)
    parser.add_argument("--profiles", nargs="+", default=["16gb", "12gb", "24gb", "8gb"])
    parser.add_argument("--tiny", action="store_true", help="tiny sizes: tries the command")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    if not torch.cuda.is_available() and not options.tiny:
        raise SystemExit("no CUDA device here; --tiny tries the command")
    until = time.monotonic() + 60 * options.minutes
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    now = datetime.now(UTC)
    path = options.results / f"{now:%Y-%m-%d}-{device.lower().replace(' ', '-')}.json"
    report: dict[str, Any] = {
        "device": device,
        "date": f"{now:%Y-%m-%d}",
        "tiny": options.tiny,
        "versions": {name: version(name) for name in _LIBRARIES},
    }
    with tempfile.TemporaryDirectory(dir=roomy()) as folder:
        for name, command in _parts(options.profiles, Path(folder), tiny=options.tiny):
            _tidy(Path(folder), name.partition(" ")[0])
            report[name] = _run(command, Path(folder) / "figures.json", until)
            options.results.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    print(f"written: {path}")


def _parts(profiles: list[str], folder: Path, *, tiny: bool) -> list[tuple[str, list[str]]]:
    """What is run, in this order, by name."""
    measure = ["benchmarks.device.one_budget", "--folder", str(folder)]
    measure += ["--tiny"] if tiny else []
    measure += ["--json", str(folder / "figures.json")]
    parts = [("tests", ["pytest", "-m", "gpu", "tests/gpu"])]
    for number, profile in enumerate(profiles):
        parts.append((profile, [*measure, "--profile", profile]))
        if number == 0:
            parts.append((f"{profile} by hooks", [*measure, "--profile", profile, "--offload"]))
    return parts


def _tidy(folder: Path, profile: str) -> None:
    """Drop the checkpoints that a profile has no use for: all of them together are too large."""
    profiles, catalog = load_profiles(), Catalog.bundled()
    if profile not in profiles:
        return
    used = {catalog.get(name).stored_as for name in profiles[profile].roles.values()}
    for place in (folder / "checkpoints").glob("*"):
        if place.name not in used:
            shutil.rmtree(place)


def _run(module: list[str], figures: Path, until: float) -> dict[str, Any]:
    """Run `python -m module…` in what is left of the minutes: its figures, or how it ended."""
    left = until - time.monotonic()
    if left < _LEAST_SECONDS:
        return {"ended": "no time left"}
    figures.unlink(missing_ok=True)
    started = time.monotonic()
    try:
        done = subprocess.run([sys.executable, "-m", *module], timeout=left, check=False)
    except subprocess.TimeoutExpired:
        return {"ended": "no time left", "seconds": round(left, 1)}
    ended = "well" if done.returncode == 0 else f"exit status {done.returncode}"
    report: dict[str, Any] = {"ended": ended, "seconds": round(time.monotonic() - started, 1)}
    if figures.exists():
        report["figures"] = json.loads(figures.read_text("utf-8"))
    return report


if __name__ == "__main__":
    main()
