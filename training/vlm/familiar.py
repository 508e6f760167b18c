"""`python -m training.vlm.familiar`: what the finished starter's own pictures look like to it.

Writes `familiar.safetensors` beside the weights, by which the starter tells a picture of its world
from any other. It needs no others: the limit is where one in 200 of its own lies beyond.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import faiss
import torch
from rich.progress import track
from torch import Tensor
from torch.nn.functional import normalize

from models.catalog import Catalog
from models.roles.familiarity import FAMILIAR, Familiarity
from models.roles.vlm import VisionLanguageModel
from training.vlm.model import PIXELS
from training.world.render import draw
from training.world.scene import sample_scene
from training.world.splits import TRAIN_SEEDS

ROOT = Path(__file__).resolve().parents[2]
DIRECTIONS = 256
_FIRST = 60_000_000  # of the training seeds: after those that the tower learnt from
_LOST = 0.005  # share of its own pictures that are called strange


def familiarity(features: Sequence[Tensor], others: Iterable[Tensor]) -> Familiarity:
    """From pictures' `features` [N, D] the directions, from those of `others` the limit."""
    rows = normalize(torch.cat(list(features)).float(), dim=1).numpy()
    clusters = faiss.Kmeans(rows.shape[1], DIRECTIONS, spherical=True, seed=1, niter=20)
    clusters.train(rows)
    found = Familiarity(torch.from_numpy(clusters.centroids), most=0.0)
    distances = torch.tensor([found.distance(one) for one in others])
    return Familiarity(found.directions, float(distances.quantile(1 - _LOST)))


def _seen(model: VisionLanguageModel, numbers: range) -> Iterator[Tensor]:
    for number in track(numbers, "looking"):
        yield model.features(draw(sample_scene(TRAIN_SEEDS[_FIRST + number]), PIXELS))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.vlm.familiar", description=__doc__)
    parser.add_argument("--weights", type=Path, default=ROOT / "models/starter/vlm")
    parser.add_argument("--pictures", type=int, default=1_000, help="for each of both")
    options = parser.parse_args()
    entry = Catalog.bundled().get("starter-vlm")
    model = VisionLanguageModel.load(options.weights, entry, torch.device("cpu"))
    count = options.pictures
    features = list(_seen(model, range(count)))
    found = familiarity(features, _seen(model, range(count, 2 * count)))
    found.save(options.weights / FAMILIAR)
    print(f"{len(found.directions)} directions; familiar up to {found.most:.3f}")


if __name__ == "__main__":
    main()
