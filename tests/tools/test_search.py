"""The searching tools on a real library (SQLite, FAISS) of drawn pictures."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from models.errors import ToolFailed, ToolRetry
from retrieval.embedding import ImageStages
from retrieval.library import Library
from tests.tools.conftest import attach, png
from tools.context import ToolContext
from tools.find_similar_images import find_similar_images
from tools.search_images import search_images

COLOURS = {"红": "red", "绿": "lime", "蓝": "blue", "黄": "yellow", "白": "white"}


class ColourEmbedder:
    """Pictures and colour words in one space: the mean RGB. Enough to rank, and to check by eye."""

    name, revision, dimension = "colour", "1", 3

    def image_stages(self) -> ImageStages[Image.Image]:
        return ImageStages(lambda image: image, self.embed_images)

    def embed_images(self, images: list[Image.Image]) -> NDArray[np.float32]:
        return unit([np.asarray(image).reshape(-1, 3).mean(axis=0) for image in images])

    def embed_texts(self, texts: list[str]) -> NDArray[np.float32]:
        named = [next((c for word, c in COLOURS.items() if word in t), "gray") for t in texts]
        return self.embed_images([Image.new("RGB", (1, 1), colour) for colour in named])


def unit(rows: list[NDArray[np.float64]]) -> NDArray[np.float32]:
    matrix = np.asarray(rows, np.float32) + 1e-3
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "相册"
    for word, colour in COLOURS.items():
        path = folder / word / f"{word}色.png"
        path.parent.mkdir(parents=True)
        path.write_bytes(png(colour))
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = Library(tmp_path / "library", ColourEmbedder())
    yield library
    library.close()


@pytest.fixture
def searching(context: ToolContext, library: Library, pictures: Path) -> ToolContext:
    library.index([pictures], cancel=threading.Event())
    return replace(context, open_library=lambda: library)


def test_the_best_comes_first_and_every_hit_gets_a_handle(searching: ToolContext) -> None:
    output = search_images.invoke({"query": "一张蓝色的图", "top_k": 2}, searching)
    assert output.text == "找到2张图片：img-1、img-2"
    assert output.handles == ("img-1", "img-2")
    best, picture = searching.image("img-1")
    assert best.name == "蓝色.png"
    assert picture.getpixel((0, 0)) == (0, 0, 255)
    scores = [hit["score"] for hit in output.details["hits"]]
    assert scores == sorted(scores, reverse=True)


def test_four_without_a_number(searching: ToolContext) -> None:
    assert len(search_images.invoke({"query": "红"}, searching).handles) == 4


def test_a_small_library_gives_all_it_has(searching: ToolContext) -> None:
    assert len(search_images.invoke({"query": "红", "top_k": 20}, searching).handles) == 5


def test_a_hit_is_a_copy_that_says_where_it_comes_from(
    searching: ToolContext, pictures: Path
) -> None:
    search_images.invoke({"query": "红", "top_k": 1}, searching)
    original = pictures / "红" / "红色.png"
    original.unlink()
    artifact, picture = searching.image("img-1")
    assert picture.getpixel((0, 0)) == (255, 0, 0)
    assert artifact.lineage.source == f"library:{original}"
    assert artifact.lineage.tool == "search_images"
    assert not artifact.label


def test_filters_narrow_the_search(searching: ToolContext) -> None:
    output = search_images.invoke({"query": "红", "filters": {"folder": "绿"}}, searching)
    assert [Path(hit["path"]).name for hit in output.details["hits"]] == ["绿色.png"]
    nothing = search_images.invoke({"query": "红", "filters": {"before": "1999-01-01"}}, searching)
    assert nothing.text == "没有找到相符的图片。"


@pytest.mark.parametrize(
    ("raw", "hint"),
    [
        ({"query": "红", "top_k": 0}, "top_k不能小于1（现在是0）。"),
        ({"query": "红", "top_k": 21}, "top_k不能大于20（现在是21）。"),
        ({"query": ""}, "query不能少于1个字。"),
        ({"query": "红", "filters": {"after": "去年"}}, "filters.after应为日期，如2024-05-01。"),
        ({"query": "红", "filters": {"place": "杭州"}}, "没有参数filters.place。"),
    ],
)
def test_bounds_are_said_never_clamped(
    searching: ToolContext, raw: dict[str, object], hint: str
) -> None:
    with pytest.raises(ToolRetry) as caught:
        search_images.invoke(raw, searching)
    assert caught.value.zh.startswith(hint)


def test_similar_pictures_leave_out_the_picture_itself(searching: ToolContext) -> None:
    search_images.invoke({"query": "红", "top_k": 1}, searching)
    output = find_similar_images.invoke({"image": "img-1", "top_k": 20}, searching)
    names = [Path(hit["path"]).name for hit in output.details["hits"]]
    assert "红色.png" not in names
    assert output.text == f"找到4张相似图片：{'、'.join(output.handles)}"
    parent, _ = searching.image("img-1")
    found, _ = searching.image(output.handles[0])
    assert found.lineage.parents == (parent.sha256,)


def test_an_uploaded_picture_finds_its_like(searching: ToolContext) -> None:
    attach(searching, png("navy", (40, 40)))
    output = find_similar_images.invoke({"image": "img-1", "top_k": 1}, searching)
    assert Path(output.details["hits"][0]["path"]).name == "蓝色.png"


def test_a_file_gone_since_it_was_indexed_is_left_out(
    searching: ToolContext, pictures: Path
) -> None:
    (pictures / "红" / "红色.png").unlink()
    (pictures / "黄" / "黄色.png").write_bytes(b"broken")
    output = search_images.invoke({"query": "红", "top_k": 5}, searching)
    assert len(output.handles) == 3
    assert output.details["unavailable"] == 2


def test_an_empty_library_says_how_to_fill_it(context: ToolContext, library: Library) -> None:
    with pytest.raises(ToolFailed, match="图库还是空的，先用 duomo index 加一个文件夹"):
        search_images.invoke({"query": "红"}, replace(context, open_library=lambda: library))
