from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from retrieval.library import Library
from tests.retrieval.pictures import ColourLayout

OpenLibrary = Callable[..., Library]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a test puts its pictures."""
    folder = tmp_path / "图片"
    folder.mkdir()
    return folder


@pytest.fixture
def embedder() -> ColourLayout:
    return ColourLayout()


@pytest.fixture
def open_library(tmp_path: Path, embedder: ColourLayout) -> Iterator[OpenLibrary]:
    """Opens the one library of this test, closing the one that was open before."""
    opened: list[Library] = []

    def open_again(with_embedder: ColourLayout = embedder) -> Library:
        while opened:
            opened.pop().close()
        opened.append(Library(tmp_path / "library", with_embedder))
        return opened[-1]

    yield open_again
    while opened:
        opened.pop().close()


@pytest.fixture
def library(open_library: OpenLibrary) -> Library:
    return open_library()
