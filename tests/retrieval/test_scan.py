"""Walking folders that may hold anything."""

import os
from pathlib import Path

import pytest

from retrieval.scan import Scan, roots_of
from tests.retrieval.pictures import plain

not_as_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")


def names(*folders: Path) -> list[str]:
    scan = Scan(roots_of(folders), skip=b"")
    return [Path(os.fsdecode(found.path)).name for found in scan.files()]


def test_pictures_are_found_by_name_in_a_stable_order(folder: Path) -> None:
    for name in ("b.JPG", "a.png", "子/c.heic", "子/孙/d.webp", "notes.txt", "jpg", "e.png.part"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert names(folder) == ["a.png", "b.JPG", "c.heic", "d.webp"]


def test_hidden_and_trash_folders_are_left_out(folder: Path) -> None:
    kept = plain(folder / "kept.png", "红")
    for name in (".hidden", "$RECYCLE.BIN", ".Trash-1000", "@eaDir", "lost+found"):
        plain(folder / name / "x.png", "红")
    plain(folder / "._kept.png", "红")
    assert names(folder) == [kept.name]
    assert names(folder / ".hidden") == ["x.png"]  # asked for by name


def test_the_library_does_not_index_itself(folder: Path) -> None:
    plain(folder / "a.png", "红")
    plain(folder / "library" / "thumbnail.png", "红")
    scan = Scan(roots_of([folder]), skip=os.fsencode(folder / "library"))
    assert len(list(scan.files())) == 1


def test_links_that_loop_end(folder: Path) -> None:
    plain(folder / "a" / "one.png", "红")
    (folder / "a" / "up").symlink_to(folder)
    (folder / "self").symlink_to(folder / "self")
    (folder / "self.png").symlink_to(folder / "self.png")
    (folder / "nowhere.png").symlink_to(folder / "absent.png")
    assert names(folder) == ["one.png"]


def test_a_folder_behind_a_link_is_walked_once(folder: Path, tmp_path: Path) -> None:
    plain(tmp_path / "drive" / "one.png", "红")
    (folder / "a-link").symlink_to(tmp_path / "drive")
    (folder / "b-link").symlink_to(tmp_path / "drive")
    assert names(folder) == ["one.png"]


def test_nested_and_repeated_roots_are_walked_once(folder: Path) -> None:
    plain(folder / "a" / "one.png", "红")
    plain(folder / "ab" / "two.png", "红")
    assert names(folder, folder / "a", folder, folder / "ab") == ["one.png", "two.png"]
    assert names(folder / "a", folder / "ab") == ["one.png", "two.png"]


def test_hostile_names_are_only_names(folder: Path) -> None:
    hostile = [b"new\nline.png", b"\xff\xfe.png", b"\x1b[31m.png", b"x" * 250 + b".png", b"-rf.png"]
    expected = {os.fsdecode(name) for name in hostile}
    for name in expected:
        plain(folder / name, "红")
    assert set(names(folder)) == expected


def test_pipes_and_folders_named_like_pictures_are_left_out(folder: Path) -> None:
    os.mkfifo(folder / "pipe.png")
    plain(folder / "folder.png" / "inside.png", "红")
    assert names(folder) == ["inside.png"]


@not_as_root
def test_a_folder_that_may_not_be_read_is_reported(folder: Path) -> None:
    plain(folder / "open" / "a.png", "红")
    (folder / "closed").mkdir(mode=0)
    scan = Scan(roots_of([folder]), skip=b"")
    assert len(list(scan.files())) == 1
    assert scan.unreadable == [folder / "closed"]


def test_times_beyond_64_bits_are_clipped(folder: Path) -> None:
    path = plain(folder / "a.png", "红")
    os.utime(path, ns=(2**62, 2**62))
    (found,) = Scan(roots_of([folder]), skip=b"").files()
    assert -(2**63) < found.mtime_ns < 2**63
