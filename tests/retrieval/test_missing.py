"""Deleted, or only out of reach?"""

import os
import shutil
from pathlib import Path

import pytest

from retrieval import scan
from retrieval.library import Library
from retrieval.missing import Absence
from tests.retrieval.pictures import picture, save_pictures


def renumber(monkeypatch: pytest.MonkeyPatch, numbers: dict[Path, int]) -> None:
    """Give folders other volumes: what a mount, an unmount or a reboot does to st_dev."""

    def device_of(status: os.stat_result) -> int:
        for folder, number in numbers.items():
            files = (folder, *folder.rglob("*")) if folder.exists() else ()
            if any(path.stat().st_ino == status.st_ino for path in files):
                return number
        return 1

    for module in ("scan", "missing", "pipeline", "indexing"):
        monkeypatch.setattr(f"retrieval.{module}.device_of", device_of)


def test_a_folder_deleted_with_all_in_it_is_forgotten(library: Library, folder: Path) -> None:
    save_pictures(folder / "a", 3)
    save_pictures(folder / "b", 2, first=3)
    library.index([folder])
    shutil.rmtree(folder / "a")
    report = library.index([folder])
    assert (report.forgotten, report.out_of_reach) == (3, 0)
    shutil.rmtree(folder)
    assert library.index([folder]).forgotten == 2
    assert library.stats().pictures == 0


def test_an_unmounted_drive_erases_nothing(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = folder / "drive"
    save_pictures(folder, 2)
    save_pictures(drive, 4, first=2)
    renumber(monkeypatch, {drive: 7})
    library.index([folder])
    drive.rename(folder.parent / "away")
    drive.mkdir()  # the empty mount point, on the volume of its parent
    renumber(monkeypatch, {})
    for place in (folder, drive):
        report = library.index([place])
        assert (report.forgotten, report.out_of_reach) == (0, 4)
    drive.rmdir()  # some systems remove the mount point too
    assert library.index([drive]).out_of_reach == 4
    assert library.search_image(picture(4), 1)[0].score > 0.999


def test_a_drive_that_comes_back_under_another_number_is_the_same_drive(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = save_pictures(folder, 4)
    renumber(monkeypatch, {folder: 7})
    library.index([folder])
    paths[0].unlink()
    renumber(monkeypatch, {folder: 8})
    report = library.index([folder])
    assert (report.skipped, report.forgotten) == (3, 1)
    paths[1].unlink()
    assert library.index([folder]).forgotten == 1


def test_a_file_that_is_still_there_is_never_gone(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.touch()
    absence = Absence(set())
    assert not absence.is_gone(os.fsencode(path), 1)
    path.unlink()
    volume = scan.device_of(tmp_path.stat())
    assert absence.is_gone(os.fsencode(path), volume)
    assert not absence.is_gone(os.fsencode(path), volume + 1)
    assert Absence({(volume + 1, volume)}).is_gone(os.fsencode(path), volume + 1)
    assert not absence.is_gone(os.fsencode(tmp_path / ("x" * 300)), volume)  # the system says no


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_listed_erases_nothing(library: Library, folder: Path) -> None:
    save_pictures(folder / "closed", 3)
    library.index([folder])
    (folder / "closed").chmod(0)
    try:
        report = library.index([folder])
    finally:
        (folder / "closed").chmod(0o700)
    assert (report.forgotten, report.out_of_reach) == (0, 3)
    assert report.unreadable_folders == (folder / "closed",)
    assert library.index([folder]).skipped == 3


def test_a_folder_that_cannot_be_listed_erases_nothing(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_pictures(folder / "closed", 3)
    library.index([folder])
    scandir = os.scandir

    def refuse(path: bytes) -> object:
        if path.endswith(b"closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    report = library.index([folder])
    assert (report.forgotten, report.out_of_reach) == (0, 3)
    assert report.unreadable_folders == (folder / "closed",)
