"""Several files as one zip, each as it leaves: labels kept, places gone."""

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from models.errors import MediaTooLarge, NotFound
from retrieval.durable import disk_errors
from tools.exports import exported
from tools.files import safe_name

MAX_FILES = 500
MAX_BYTES = 512 << 20


@dataclass(frozen=True)
class Entry:
    """A file and the name that it has in the zip."""

    path: Path
    name: str
    mime: str


def write_bundle(entries: Iterable[Entry], target: Path, *, visible_label: bool) -> int:
    """Write a zip; how many files are in it. Those that are gone are left out.

    `NotFound` when none is there, `MediaTooLarge` beyond `MAX_BYTES`, `DiskFull`.
    """
    written = 0
    room = MAX_BYTES
    # Pictures and sounds are compressed already.
    with disk_errors(), zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as bundle:
        for entry, name in _named(entries):
            try:
                data = entry.path.read_bytes() if entry.path.stat().st_size <= room else None
            except (FileNotFoundError, PermissionError):
                continue
            if data is None:
                raise _too_large()
            room -= len(data)
            bundle.writestr(name, exported(data, entry.mime, visible_label=visible_label))
            written += 1
    if not written:
        raise NotFound("这些文件都不在了。", "None of these files is there any more.")
    return written


def _named(entries: Iterable[Entry]) -> Iterator[tuple[Entry, str]]:
    """No name twice, whatever the case: `a.png`, `a (2).png`."""
    taken: set[str] = set()
    for entry in entries:
        plain = Path(safe_name(entry.name, entry.mime))
        name, number = plain.name, 1
        while name.lower() in taken:
            number += 1
            name = f"{plain.stem} ({number}){plain.suffix}"
        taken.add(name.lower())
        yield entry, name


def _too_large() -> MediaTooLarge:
    return MediaTooLarge(
        f"一次最多打包 {MAX_BYTES >> 20} MiB，请少选一些。",
        f"At most {MAX_BYTES >> 20} MiB at once; choose fewer.",
    )
