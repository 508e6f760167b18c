"""How fast a folder is indexed, against a bare loop of decode + open_clip forward.

    python -m benchmarks.index_speed DIR [--architecture local-dir:models/starter/clip] [--rounds 5]

Both sides use one model, one batch size and the same number of torch threads, and take turns on
the same pictures. The bare loop decodes, prepares and embeds, and keeps nothing; ours also hashes,
commits every batch durably and can be searched. On a machine that does other work, read the
milliseconds of processor time; the ratio of speeds needs a core that is free.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Pass:
    """Pictures a second, and milliseconds of processor time a picture (all threads)."""

    per_second: float
    cpu_ms: float


@contextmanager
def timed(pictures: int, passes: list[Pass]) -> Iterator[None]:
    began, cpu = time.perf_counter(), time.process_time()
    yield
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    passes.append(Pass(pictures / seconds, 1e3 * cpu / pictures))


def bare_loop(clip: BareClip, paths: Sequence[Path]) -> None:
    for start in range(0, len(paths), clip.batch_size):
        images = [Image.open(path) for path in paths[start : start + clip.batch_size]]
        clip.forward([clip.preprocess(image.convert("RGB")) for image in images])


def our_index(library: Library, folder: Path) -> None:
    """From scan to the last commit."""
    report = library.index([folder])
    assert report.unreadable == 0


def alternate(
    rounds: int, clip: BareClip, paths: Sequence[Path], folder: Path
) -> tuple[list[Pass], list[Pass]]:
    """(bare, ours): taking turns, who begins changing each round; ours into a new library."""
    bare: list[Pass] = []
    ours: list[Pass] = []
    for number in range(2 * rounds):
        if number % 4 in (0, 3):
            with timed(len(paths), bare):
                bare_loop(clip, paths)
            continue
        with tempfile.TemporaryDirectory() as home:
            library = Library(Path(home), clip)
            with timed(len(paths), ours):
                our_index(library, folder)
            library.close()
    return bare, ours


def main() -> None:
    arguments = _arguments()
    clip = BareClip(arguments.architecture, arguments.batch_size)
    paths = sorted(p for p in arguments.folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    bare_loop(clip, paths[: 2 * clip.batch_size])
    bare, ours = alternate(arguments.rounds, clip, paths, arguments.folder)
    ratios = [our.per_second / their.per_second for our, their in zip(ours, bare, strict=True)]
    figures = {
        "pictures": len(paths),
        "torch_threads": torch.get_num_threads(),
        "bare_per_second": statistics.median(each.per_second for each in bare),
        "ours_per_second": statistics.median(each.per_second for each in ours),
        "bare_cpu_ms": statistics.median(each.cpu_ms for each in bare),
        "ours_cpu_ms": statistics.median(each.cpu_ms for each in ours),
        "ratio_p50": statistics.median(ratios),
        "ratio_p5": float(np.percentile(ratios, 5)),
        "ratio_p95": float(np.percentile(ratios, 95)),
    }
    print(f"{arguments.architecture}, batches of {clip.batch_size}")
    for name, value in figures.items():
        print(f"{name:>16} {value:10.2f}" if isinstance(value, float) else f"{name:>16} {value:7}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--architecture", default="local-dir:models/starter/clip")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
