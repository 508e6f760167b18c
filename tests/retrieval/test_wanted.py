"""What is typed, as what is wanted and what is not; colours by their names."""

import numpy as np
import pytest
from PIL import Image

from models.errors import InvalidRequest
from retrieval.colours import colour_names, colours_of
from retrieval.wanted import Wanted, direction_of, read_words
from tests.retrieval.pictures import ColourLayout


@pytest.mark.parametrize(
    ("typed", "text", "without"),
    [
        ("雪地里的塔", "雪地里的塔", ()),
        ("雪山 -人 －车", "雪山", ("人", "车")),
        ("-人", "", ("人",)),
        ("well-kept garden", "well-kept garden", ()),
        ("a - b", "a - b", ()),
        (" \t", "", ()),
        ("桥\ud800", "桥?", ()),
    ],
)
def test_a_word_after_a_minus_is_not_wanted(
    typed: str, text: str, without: tuple[str, ...]
) -> None:
    assert read_words(typed) == (text, without)


def test_a_direction_is_a_unit_vector_and_never_nothing() -> None:
    embedder = ColourLayout()
    row = direction_of(Wanted(text="红", without=("蓝",)), embedder)
    assert np.linalg.norm(row) == pytest.approx(1.0, abs=1e-6)
    with pytest.raises(InvalidRequest):
        direction_of(Wanted(), embedder)
    with pytest.raises(InvalidRequest):
        direction_of(Wanted(text="红", without=("红", "红")), embedder)


@pytest.mark.parametrize(
    ("paint", "name"),
    [
        *(("red", "red"), ("orange", "orange"), ("yellow", "yellow"), ("green", "green")),
        *(("cyan", "cyan"), ("skyblue", "blue"), ("purple", "purple"), ("hotpink", "pink")),
        *(("saddlebrown", "brown"), ("black", "black"), ("gray", "grey"), ("#fdfcfa", "white")),
    ],
)
def test_colours_are_named_as_people_name_them(paint: str, name: str) -> None:
    assert colour_names(colours_of(Image.new("RGB", (30, 20), paint))) == (name,)


def test_a_colour_of_a_corner_is_not_one_of_the_picture() -> None:
    picture = Image.new("RGB", (100, 100), "white")
    picture.paste("red", (0, 0, 20, 20))
    assert colour_names(colours_of(picture)) == ("white",)
    picture.paste("red", (0, 0, 50, 50))
    assert colour_names(colours_of(picture)) == ("red", "white")
