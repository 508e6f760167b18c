"""Searching while indexing, from many threads."""

import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from models.errors import LibraryBusy
from retrieval import generation, index
from retrieval.embedding import ImageStages
from retrieval.library import Library
from tests.retrieval.conftest import OpenLibrary
from tests.retrieval.pictures import ColourLayout, picture, save_pictures


class Held(ColourLayout):
    """Waits, in the middle of a batch, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go = threading.Event(), threading.Event()

    def image_stages(self) -> ImageStages[Image.Image]:
        stages = super().image_stages()

        def forward(images: list[Image.Image]) -> NDArray[np.float32]:
            self.reached.set()
            assert self.go.wait(20)
            return self.embed_images(images)

        return ImageStages(stages.prepare, forward, stages.least_side, stages.batch_size)


def test_a_search_does_not_wait_for_indexing(folder: Path, open_library: OpenLibrary) -> None:
    held = Held()
    library = open_library(held)
    save_pictures(folder / "a", 16)
    held.go.set()
    library.index([folder / "a"])
    held.go.clear()
    held.reached.clear()
    save_pictures(folder / "b", 16, first=100)
    thread = threading.Thread(target=library.index, args=([folder / "b"],))
    thread.start()
    assert held.reached.wait(20)
    assert library.search_image(picture(3), 1)[0].path.name == "0003.png"
    with pytest.raises(LibraryBusy):
        library.index([folder])
    with pytest.raises(LibraryBusy):
        library.forget(folder)
    held.go.set()
    thread.join()
    assert library.search_image(picture(103), 1)[0].path.name == "0103.png"


@pytest.mark.parametrize("flat_rows", [20_000, 24])
def test_answers_stay_right_while_the_library_grows_shrinks_and_folds(
    flat_rows: int, folder: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "FLAT_ROWS", flat_rows)
    monkeypatch.setattr(generation, "_LONGEST_TAIL", 20)
    monkeypatch.setattr(generation, "_FEWEST_DEAD", 10)
    save_pictures(folder / "stays", 40)
    library.index([folder / "stays"])
    done = threading.Event()
    wrong: list[object] = []
    searches = [0, 0]

    def search(worker: int) -> None:
        rng = np.random.default_rng(worker)
        while not done.is_set():
            seed = int(rng.integers(0, 40))
            hits = library.search_image(picture(seed), 5)
            searches[worker] += 1
            if hits[0].path.name != f"{seed:04}.png" or len({h.image_id for h in hits}) != 5:
                wrong.append((seed, hits))

    threads = [threading.Thread(target=search, args=(worker,)) for worker in range(2)]
    for thread in threads:
        thread.start()
    for turn in range(3):
        for path in (folder / "comes").glob("*.png"):
            path.unlink()
        save_pictures(folder / "comes", 40, first=1000 + 100 * turn)
        library.index([folder])
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert min(searches) > 3
    assert library.stats().pictures == 80
    assert library.search_image(picture(1205), 1)[0].path.name == "1205.png"
    assert library.search_image(picture(1005), 1)[0].score < 0.9
