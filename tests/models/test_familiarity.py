"""Telling pictures of a model's own kind from others."""

from pathlib import Path

import pytest
import torch

from models.errors import CheckpointBroken
from models.roles.familiarity import FAMILIAR, Familiarity

EAST_AND_NORTH = torch.tensor([[1.0, 0.0], [0.0, 1.0]])


def test_distance_is_the_mean_over_squares_to_the_nearest_direction() -> None:
    familiarity = Familiarity(EAST_AND_NORTH, most=0.3)
    assert familiarity.distance(torch.tensor([[5.0, 0.0], [0.0, 0.1]])) == pytest.approx(0)
    half = torch.tensor([[3.0, 0.0], [-1.0, -1.0]])  # the second points away from both
    assert familiarity.distance(half) == pytest.approx((0 + 1 + 0.5**0.5) / 2)
    assert familiarity.knows(torch.tensor([[1.0, 0.2]]))
    assert not familiarity.knows(half)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    Familiarity(EAST_AND_NORTH, most=0.25).save(tmp_path / FAMILIAR)
    again = Familiarity.load(tmp_path / FAMILIAR)
    assert torch.equal(again.directions, EAST_AND_NORTH)
    assert again.most == 0.25


@pytest.mark.parametrize("kept", [b"", b"nonsense", b"\x02\0\0\0\0\0\0\0{}"])
def test_a_damaged_file_is_a_broken_checkpoint(tmp_path: Path, kept: bytes) -> None:
    (tmp_path / FAMILIAR).write_bytes(kept)
    with pytest.raises(CheckpointBroken):
        Familiarity.load(tmp_path / FAMILIAR)
