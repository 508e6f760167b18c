"""How fast a folder is indexed, against a bare loop of decode + open_clip forward.

    python -m benchmarks.index_speed DIR [--architecture ViT-B-32] [--batch-size 32] [--rounds 5]

Both sides use one model (random weights: speed does not depend on them), one batch size and the
same number of torch threads, and take turns on the same pictures. The bare loop decodes, prepares
and embeds, and keeps nothing; ours also hashes, commits every batch durably and can be searched.
"""

import argparse
import json
import platform
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from PIL import Image

from retrieval.embedding import ImageStages
from retrieval.library import Library
from retrieval.scan import SUFFIXES


class BareClip:
    """open_clip as it comes, for both sides."""

    name, revision = "index-speed", "random"

    def __init__(self, architecture: str, batch_size: int) -> None:
        torch.manual_seed(0)
        model, _, self.preprocess = open_clip.create_model_and_transforms(architecture)
        self.model = model.eval().requires_grad_(False)
        self.batch_size = batch_size
        self.side = int(self.preprocess(Image.new("RGB", (8, 8))).shape[-1])
        self.dimension = self.forward([self.preprocess(Image.new("RGB", (8, 8)))]).shape[1]

    @torch.inference_mode()
    def forward(self, pixels: list[torch.Tensor]) -> NDArray[np.float32]:
        rows: NDArray[np.float32] = self.model.encode_image(
            torch.stack(pixels), normalize=True
        ).numpy()
        return rows

    def image_stages(self) -> ImageStages[torch.Tensor]:
        return ImageStages(self.preprocess, self.forward, self.side, self.batch_size)

    def embed_images(self, images: list[Image.Image]) -> NDArray[np.float32]:
        return self.forward([self.preprocess(image) for image in images])

    def embed_texts(self, texts: list[str]) -> NDArray[np.float32]:
        raise NotImplementedError


def bare_loop(clip: BareClip, paths: Sequence[Path]) -> float:
    """Pictures a second."""
    began = time.perf_counter()
    for start in range(0, len(paths), clip.batch_size):
        images = [Image.open(path) for path in paths[start : start + clip.batch_size]]
        clip.forward([clip.preprocess(image.convert("RGB")) for image in images])
    return len(paths) / (time.perf_counter() - began)


def our_index(clip: BareClip, folder: Path) -> float:
    """Pictures a second, into a new library, from scan to the last commit."""
    with tempfile.TemporaryDirectory() as home:
        library = Library(Path(home), clip)
        began = time.perf_counter()
        report = library.index([folder], cancel=threading.Event())
        seconds = time.perf_counter() - began
        library.close()
    return report.indexed / seconds


def alternate(rounds: int, sides: Sequence[Callable[[], float]]) -> list[list[float]]:
    """Figures of each side, taking turns, the first of each round changing."""
    figures: list[list[float]] = [[] for _ in sides]
    for number in range(rounds):
        order = range(len(sides)) if number % 2 == 0 else reversed(range(len(sides)))
        for side in order:
            figures[side].append(sides[side]())
    return figures


def main() -> None:
    arguments = _arguments()
    clip = BareClip(arguments.architecture, arguments.batch_size)
    paths = sorted(p for p in arguments.folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    bare_loop(clip, paths[: 2 * clip.batch_size])
    bare, ours = alternate(
        arguments.rounds,
        [lambda: bare_loop(clip, paths), lambda: our_index(clip, arguments.folder)],
    )
    ratios = [ours_once / bare_once for ours_once, bare_once in zip(ours, bare, strict=True)]
    figures = {
        "pictures": len(paths),
        "torch_threads": torch.get_num_threads(),
        "bare_per_second": statistics.median(bare),
        "ours_per_second": statistics.median(ours),
        "ratio_p50": statistics.median(ratios),
        "ratio_p5": float(np.percentile(ratios, 5)),
        "ratio_p95": float(np.percentile(ratios, 95)),
    }
    print(f"{arguments.architecture}, batches of {clip.batch_size}, {platform.processor()}")
    for name, value in figures.items():
        print(f"{name:>16} {value:10.2f}" if isinstance(value, float) else f"{name:>16} {value:7}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--architecture", default="ViT-B-32")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
