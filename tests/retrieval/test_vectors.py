"""Segments of fp16 rows."""

from pathlib import Path

import numpy as np
import pytest

from models.errors import LibraryDamaged
from retrieval import index, vectors
from retrieval.index import build_index
from retrieval.vectors import VectorLog


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "SEGMENT_ROWS", 10)


def unit_rows(count: int, dimension: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.usefixtures("small_segments")
def test_rows_come_back_across_segments_in_any_order(tmp_path: Path) -> None:
    log = VectorLog(tmp_path, 4)
    rows = unit_rows(37, 4).astype(np.float16)
    batches = [*log.append(0, rows[:7]), *log.append(7, rows[7:])]
    assert [(batch.first_slot, batch.rows) for batch in batches] == [
        (0, 7),
        (7, 3),
        (10, 10),
        (20, 10),
        (30, 7),
    ]
    assert all(log.is_intact(batch) for batch in batches)
    for slots in (np.arange(37), np.array([36, 0, 9, 10, 11, 5, 5]), np.array([], np.int64)):
        assert np.array_equal(log.read(slots.astype(np.int64)), rows[slots.astype(np.int64)])
    with pytest.raises(LibraryDamaged):
        log.read(np.array([37]))


@pytest.mark.usefixtures("small_segments")
def test_cutting_keeps_exactly_the_committed(tmp_path: Path) -> None:
    log = VectorLog(tmp_path, 4)
    log.append(0, unit_rows(37, 4).astype(np.float16))
    log.cut(10, 23)
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert sizes == {"seg-1.f16": 80, "seg-2.f16": 24}


@pytest.mark.usefixtures("small_segments")
def test_a_retired_segment_can_still_be_read_by_who_has_it(tmp_path: Path) -> None:
    log = VectorLog(tmp_path, 4)
    rows = unit_rows(20, 4).astype(np.float16)
    log.append(0, rows)
    log.retire(10)
    assert [path.name for path in tmp_path.iterdir()] == ["seg-1.f16"]
    assert np.array_equal(log.read(np.arange(20)), rows)


@pytest.mark.parametrize(("flat", "ivf", "kind"), [(50, 9_999, "rabitq"), (50, 100, "ivf_rabitq")])
def test_compressed_candidates_hold_the_true_neighbours(
    flat: int, ivf: int, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "FLAT_ROWS", flat)
    monkeypatch.setattr(index, "IVF_ROWS", ivf)
    centres = unit_rows(40, 64)
    rows = centres[np.arange(4000) % 40] + 0.7 * unit_rows(4000, 64, seed=1)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    log = VectorLog(tmp_path, 64)
    log.append(0, rows.astype(np.float16))
    built = build_index(log, np.arange(4000), 64)
    assert built.kind == kind
    every_third = np.arange(4000) % 3 == 0
    hits = total = 0
    for query in rows[:50]:
        for allowed in (None, every_third):
            scores = rows @ query if allowed is None else np.where(allowed, rows @ query, -9)
            truth = set(np.argsort(-scores)[:10].tolist())
            got = set(built.candidates(query, 10, allowed).tolist())
            assert allowed is None or all(allowed[list(got)])
            hits, total = hits + len(truth & got), total + 10
    assert hits / total > 0.97
