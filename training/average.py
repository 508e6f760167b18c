"""`python -m training.average ONE OTHER --out FOLDER`: the mean of two runs' finished weights.

Two runs that began from the same weights often lie in one valley, and their mean is better than
either (model soups, Wortsman et al. 2022).
"""

import argparse
import shutil
from pathlib import Path

from safetensors.torch import load_file, save_file


def average(one: Path, other: Path, out: Path) -> None:
    """Copy `one` to `out` with the mean of every tensor. Raises ValueError for other shapes."""
    shutil.copytree(one, out, dirs_exist_ok=True)
    for file in sorted(one.rglob("*.safetensors")):
        within = file.relative_to(one)
        mine, theirs = load_file(file), load_file(other / within)
        if {n: t.shape for n, t in mine.items()} != {n: t.shape for n, t in theirs.items()}:
            raise ValueError(f"{within} has other tensors in {other}")
        mean = {n: ((t.float() + theirs[n].float()) / 2).to(t.dtype) for n, t in mine.items()}
        save_file(mean, out / within, metadata={"format": "pt"})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.average", description=__doc__)
    parser.add_argument("one", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    average(options.one, options.other, options.out)


if __name__ == "__main__":
    main()
