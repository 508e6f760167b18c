"""What calls took beyond the plan, remembered per device and size."""

from pathlib import Path

import pytest

from models.peaks import Peaks, bucket


@pytest.mark.parametrize(("size", "into"), [(0, 0), (1, 1), (3, 4), (4, 4), (65_537, 131_072)])
def test_calls_of_like_size_share_a_bucket(size: int, into: int) -> None:
    assert bucket(size) == into


def test_a_larger_call_needs_at_least_what_a_smaller_one_did(tmp_path: Path) -> None:
    peaks = Peaks(tmp_path / "peaks.json", "card")
    peaks.saw("drawer", 1000, 70)
    assert peaks.beyond("drawer", 1000) == peaks.beyond("drawer", 900) == 70
    assert peaks.beyond("drawer", 5000) == 70
    assert peaks.beyond("drawer", 100) == 0
    assert peaks.beyond("other", 1000) == 0


def test_less_than_known_changes_nothing(tmp_path: Path) -> None:
    peaks = Peaks(tmp_path / "peaks.json", "card")
    peaks.saw("drawer", 8, 70)
    peaks.saw("drawer", 8, 20)
    peaks.saw("drawer", 8, -5)
    assert peaks.beyond("drawer", 8) == 70


def test_running_out_raises_the_estimate_each_time(tmp_path: Path) -> None:
    peaks = Peaks(tmp_path / "peaks.json", "card")
    peaks.ran_out("drawer", 8, 400)
    assert peaks.beyond("drawer", 8) == 100
    peaks.ran_out("drawer", 8, 500)
    assert peaks.beyond("drawer", 8) == 225


def test_figures_outlive_the_process_and_belong_to_their_device(tmp_path: Path) -> None:
    Peaks(tmp_path / "peaks.json", "card").saw("drawer", 8, 70)
    assert Peaks(tmp_path / "peaks.json", "card").beyond("drawer", 8) == 70
    assert Peaks(tmp_path / "peaks.json", "other card").beyond("drawer", 8) == 0


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"card/drawer": {"x": 1}}', '{"a": 3}', "null"])
def test_a_file_that_is_not_ours_counts_as_nothing_known(tmp_path: Path, text: str) -> None:
    path = tmp_path / "peaks.json"
    path.write_text(text, "utf-8")
    peaks = Peaks(path, "card")
    assert peaks.beyond("drawer", 8) == 0
    peaks.saw("drawer", 8, 70)
    assert Peaks(path, "card").beyond("drawer", 8) == 70


def test_a_folder_that_cannot_be_written_only_forgets(tmp_path: Path) -> None:
    peaks = Peaks(tmp_path / "missing" / "peaks.json", "card")
    peaks.saw("drawer", 8, 70)
    assert peaks.beyond("drawer", 8) == 70
