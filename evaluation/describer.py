"""A second reader of drawings: the starter that sees, by what it says of them in three sentences.

The judge looks for the texture of each thing and misses what is drawn vaguely; the starter that
sees knows a thing by its place and outline too. It was trained on the seeds that drawing was
trained on, so its figures stand beside the judge's and do not replace them.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image

from evaluation.facts import judged
from evaluation.judge import Facts, Judge, Reader
from evaluation.roles import load_role
from evaluation.vlm import Answerer
from models.roles.vlm import VisionLanguageModel
from training.world.descriptions import read_facts

QUESTION = "用三句话描述这张图"
Described = Annotated[
    bool, typer.Option(help="let the starter that sees describe pictures instead of the judge")
]


class Describer:
    """Reads facts off what `vlm` says of a picture."""

    def __init__(self, vlm: Answerer) -> None:
        self._vlm = vlm

    def read(self, pictures: Iterable[Image.Image]) -> Iterator[Facts]:
        """The facts of each RGB picture, as `Judge.read` names them."""
        for picture in pictures:
            yield judged(read_facts(self._vlm.answer(picture, QUESTION)))


def reader(*, described: bool, data: Path) -> Reader:
    """The judge; or, for what is `described`, the starter that sees."""
    if not described:
        return Judge.load()
    return Describer(load_role(VisionLanguageModel, "vlm", "starter", data))
