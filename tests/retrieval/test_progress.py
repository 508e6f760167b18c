"""Rate and time left."""

import pytest

from retrieval.progress import Meter, Rate
from retrieval.records import IndexProgress


def test_a_steady_rate_is_told_from_the_start() -> None:
    rate = Rate()
    for _ in range(5):
        rate.add(32, 2.0)
        assert rate.per_second == pytest.approx(16)


def test_one_slow_batch_does_not_throw_the_rate() -> None:
    rate = Rate()
    for _ in range(60):
        rate.add(10, 1.0)
    rate.add(10, 4.0)
    assert 7 < rate.per_second < 10
    for _ in range(60):
        rate.add(30, 1.0)
    assert rate.per_second == pytest.approx(30, rel=0.05)


def test_nothing_measured_gives_no_time_left() -> None:
    shown: list[IndexProgress] = []
    meter = Meter(shown.append)
    meter.count("found", 10)
    meter.show()
    assert (shown[-1].rate, shown[-1].eta_seconds, shown[-1].done) == (0.0, None, 0)


def test_it_is_shown_at_most_ten_times_a_second() -> None:
    shown: list[IndexProgress] = []
    meter = Meter(shown.append)
    for _ in range(10_000):
        meter.count("found")
    assert len(shown) < 50
