"""No room to write: said in words, and nothing lost."""

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from models.errors import DiskFull
from retrieval import vectors
from retrieval.durable import write_file
from retrieval.library import Library
from tests.retrieval.conftest import OpenLibrary
from tests.retrieval.pictures import picture, save_pictures

ROOT = Path(__file__).parents[2]
_CHILD = """
import resource, sys
from pathlib import Path
from models.errors import DiskFull
from retrieval.library import Library
from tests.retrieval.pictures import ColourLayout
library = Library(Path(sys.argv[1]), ColourLayout())
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
try:
    library.index([Path(sys.argv[2])])
except DiskFull:
    print(library.stats().pictures)
"""


# Too small for the 60 vectors; then room for them, but not for the rows of SQLite.
@pytest.mark.parametrize("limit", [3_000, 100_000])
def test_a_run_that_fills_the_disk_keeps_what_it_had(
    limit: int, folder: Path, tmp_path: Path, open_library: OpenLibrary
) -> None:
    paths = save_pictures(folder, 60)
    arguments = [str(tmp_path / "library"), str(folder), str(limit)]
    child = subprocess.run(
        [sys.executable, "-c", _CHILD, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    kept = int(child.stdout)
    assert kept < 60
    library = open_library()
    assert library.stats().notices == ()
    assert library.stats().pictures == kept
    assert library.index([folder]).embedded == 60 - kept
    for seed, path in enumerate(paths):
        assert library.search_image(picture(seed), 1)[0].path == path


def test_the_same_process_goes_on_when_there_is_room_again(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_pictures(folder, 20)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(vectors.os, "fsync", full)
        with pytest.raises(DiskFull) as caught:
            library.index([folder])
    assert "空间" in caught.value.zh
    assert library.index([folder]).embedded == 20
    assert library.search_image(picture(9), 1)[0].path.name == "0009.png"


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "MANIFEST.json"
    write_file(path, b"before")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(DiskFull):
            write_file(path, os.urandom(1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"before"
