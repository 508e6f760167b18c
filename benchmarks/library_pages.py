"""How quick a page of the library is: leafed through, filtered, searched.

    python -m benchmarks.library_pages [--pictures 100000] [--rounds 40]

Rows and unit vectors are drawn at random: no picture is needed, as no page reads one. Every round
asks for other filters or words, so that nothing but what a person's second look finds is kept.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from retrieval.browsing import ORDERS
from retrieval.colours import COLOURS
from retrieval.embedding import ImageStages
from retrieval.library import Filters, Library
from retrieval.media import Header
from retrieval.outcomes import Decoded, FileState
from retrieval.searching import search_page
from retrieval.wanted import Wanted

DIMENSION = 512
PAGE = 60
_BATCH = 5_000


class RandomSpace:
    """Words and pictures anywhere on the sphere."""

    name, revision, dimension = "random", "1", DIMENSION

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)

    def rows(self, count: int) -> NDArray[np.float32]:
        rows = self._random.standard_normal((count, DIMENSION), np.float32)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)

    def image_stages(self) -> ImageStages[Image.Image]:
        return ImageStages(lambda image: image, self.embed_images)

    def embed_images(self, images: list[Image.Image]) -> NDArray[np.float32]:
        return self.rows(len(images))

    def embed_texts(self, texts: list[str]) -> NDArray[np.float32]:
        return self.rows(len(texts))


def fill(library: Library, space: RandomSpace, pictures: int) -> None:
    for start in range(0, pictures, _BATCH):
        count = min(_BATCH, pictures - start)
        batch = [_outcome(start + number) for number in range(count)]
        library._serving.commit(batch, space.rows(count))


def _outcome(number: int) -> Decoded:
    day = date(2016, 1, 1) + timedelta(days=random.randrange(3650))
    size = random.randrange(100_000, 9_000_000)
    path = f"/pictures/{number % 200:03}/IMG_{number:06}.jpg".encode()
    state = FileState(path, size, number, 1, f"{day.isoformat()}T12:00:00")
    width, height = random.choice([(4000, 3000), (3000, 4000), (1024, 1024), (640, 480)])
    colours = sum(1 << bit for bit in random.sample(range(len(COLOURS)), 3))
    header = Header("JPEG", width, height, None)
    return Decoded(state, number.to_bytes(32), header, colours, None)


def _filters() -> Filters:
    """About one picture in two hundred."""
    after = date(2016, 1, 1) + timedelta(days=random.randrange(3000))
    return Filters(
        after=after,
        before=after + timedelta(days=150),
        colour=random.choice(COLOURS),
        orientation=random.choice(["landscape", "portrait"]),
    )


def questions(library: Library) -> dict[str, Callable[[], object]]:
    one = [record.image_id for record in library.page(PAGE).records]

    def deep() -> object:
        return library.page(PAGE, random.randrange(library.page(1).total - PAGE))

    def ordered() -> object:  # other days each time, so that the listing is made anew
        day = date(2016, 1, 1) + timedelta(days=random.randrange(60))
        return library.page(PAGE, 0, Filters(after=day), random.choice(ORDERS))

    return {
        "any page, newest first": deep,
        "first page of nearly all, another order": ordered,
        "first page, filtered": lambda: library.page(PAGE, 0, _filters()),
        "by words": lambda: search_page(library, Wanted(text="桥"), PAGE),
        "by words, filtered": lambda: search_page(
            library, Wanted(text="桥", without=("人",)), PAGE, 0, _filters()
        ),
        "like one of the library": lambda: search_page(
            library, Wanted(likeness=library.likeness(random.choice(one))), PAGE
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=40)
    arguments = parser.parse_args()
    random.seed(0)
    with tempfile.TemporaryDirectory() as home:
        space = RandomSpace()
        library = Library(Path(home), space)
        fill(library, space, arguments.pictures)
        print(f"{arguments.pictures} pictures, pages of {PAGE}; ms p50 / p95")
        for name, ask in questions(library).items():
            taken = []
            for _ in range(arguments.rounds):
                began = time.perf_counter()
                ask()
                taken.append(1e3 * (time.perf_counter() - began))
            print(f"{name:>40} {np.percentile(taken, 50):8.1f} {np.percentile(taken, 95):8.1f}")
        library.close()


if __name__ == "__main__":
    main()
