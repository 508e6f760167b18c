"""Killed at any point, the library loses nothing that it had said was done, and doubles nothing."""

import os
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from retrieval.library import Library
from retrieval.store import Store
from tests.retrieval.conftest import OpenLibrary
from tests.retrieval.pictures import ColourLayout, picture, save_pictures

ROOT = Path(__file__).parents[2]
COUNT = 240


def run_and_kill(root: Path, folder: Path, rng: random.Random) -> tuple[int, int]:
    """(exit status, pictures it said were indexed). Killed soon after a batch of our choice."""
    command = [sys.executable, "-m", "tests.retrieval.crash_child", str(root), str(folder)]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    said, lines = 0, rng.randrange(1, 4)
    for line in child.stdout:
        said = max(said, int(line) if line.strip().isdecimal() else 0)
        lines -= 1
        if lines == 0:
            time.sleep(rng.random() * 0.03)
            child.kill()
    return child.wait(), said


def test_killed_again_and_again_nothing_is_lost_and_nothing_is_doubled(tmp_path: Path) -> None:
    paths = save_pictures(tmp_path / "pictures", COUNT)
    rng, killed, safe = random.Random(7), 0, 0
    for _ in range(6):
        status, said = run_and_kill(tmp_path / "library", tmp_path / "pictures", rng)
        killed += status == -9
        # What an earlier run committed, this one found; `said` counts only its own.
        with sqlite3.connect(tmp_path / "library" / "meta.db") as db:
            stored = db.execute("SELECT count(*) FROM files").fetchone()[0]
        assert stored >= safe + said
        safe = stored
    assert killed >= 3
    embedder = ColourLayout()
    library = Library(tmp_path / "library", embedder)
    assert library.stats().notices == ()
    report = library.index([tmp_path / "pictures"])
    assert (report.skipped, report.embedded) == (safe, COUNT - safe)
    assert_whole(library, paths)
    library.close()


def assert_whole(library: Library, paths: list[Path]) -> None:
    """One row, one vector, and the right one, for every picture."""
    stats = library.stats()
    assert (stats.pictures, stats.contents, stats.pending) == (len(paths), len(paths), 0)
    for seed, path in enumerate(paths):
        first, second = library.search_image(picture(seed), 2)
        assert first.path == path
        assert first.score > 0.999 > second.score


def test_vectors_appended_but_not_committed_are_cut_off(
    library: Library,
    folder: Path,
    tmp_path: Path,
    open_library: OpenLibrary,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paths = save_pictures(folder, 20)
    commit, calls = Store.commit, []

    def fail_at_the_second(*arguments: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return commit(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "commit", fail_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            library.index([folder])
    (segment,) = (tmp_path / "library" / "vectors").glob("*/seg-0.f16")
    assert segment.stat().st_size == 2 * 8 * 48 * 2  # two batches of eight on disk …
    assert library.stats().pictures == 8  # … one of them committed
    again = open_library()
    assert segment.stat().st_size == 8 * 48 * 2
    again.index([folder])
    assert_whole(again, paths)


def test_the_same_process_goes_on_after_a_failed_commit(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = save_pictures(folder, 20)
    with monkeypatch.context() as patch:
        patch.setattr(Store, "commit", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            library.index([folder])
    library.index([folder])
    assert_whole(library, paths)


def test_segments_left_by_a_crash_in_compaction_are_removed(
    library: Library, folder: Path, tmp_path: Path, open_library: OpenLibrary
) -> None:
    paths = save_pictures(folder, 10)
    library.index([folder])
    (vectors,) = (tmp_path / "library" / "vectors").iterdir()
    (vectors / "seg-1.f16").write_bytes(os.urandom(960))
    again = open_library()
    assert [path.name for path in vectors.iterdir()] == ["seg-0.f16"]
    assert_whole(again, paths)


def test_compaction_keeps_the_living_and_drops_the_rest(
    library: Library, folder: Path, tmp_path: Path, open_library: OpenLibrary
) -> None:
    paths = save_pictures(folder / "kept", 10)
    save_pictures(folder / "gone", 30, first=100)
    library.index([folder])
    assert library.forget(folder / "gone") == 30
    (vectors,) = (tmp_path / "library" / "vectors").iterdir()
    (segment,) = vectors.iterdir()
    assert segment.name == "seg-1.f16"
    assert segment.stat().st_size == 10 * 48 * 2
    assert_whole(library, paths)
    assert_whole(open_library(), paths)
    more = save_pictures(folder / "kept", 5, first=10)
    again = open_library()
    again.index([folder / "kept"])
    assert_whole(again, [*paths, *more])


def test_vectors_of_one_content_are_the_same_wherever_it_was_embedded(
    library: Library, folder: Path, embedder: ColourLayout
) -> None:
    save_pictures(folder, 9)
    library.index([folder])
    expected = embedder.embed_images([picture(8)])[0]
    (candidate,) = library._serving.snapshot.search(expected, 1, None)
    assert np.allclose(candidate.row, expected, atol=1e-3)
