"""What a file is, what its AI-content label says, and where it comes from.

Reads the data directory's artifacts directly, beside an engine or without one; loads no model.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from models.errors import NotFound, UnreadableMedia
from tools.artifacts import Artifact, ArtifactStore
from tools.labels import ContentLabel, read_label
from tools.sniff import Media, sniff

_MOST_ANCESTORS = 200


@dataclass(frozen=True)
class Inspection:
    """`artifact`: its SHA-256 among the artifacts, where it is one of them or a copy that was made
    of one on its way out. `ancestors`: that one and all it was made from, by SHA-256."""

    sha256: str
    size_bytes: int
    media: Media
    label: ContentLabel | None
    artifact: str | None
    ancestors: Mapping[str, Artifact]


def inspect_file(path: Path, artifacts_dir: Path) -> Inspection:
    """Raises `UnreadableMedia`, `MediaTooLarge`; `OSError` where the file cannot be read."""
    if not path.is_file():  # a pipe would be waited for
        raise UnreadableMedia("这不是普通文件，没法查看。", "Not a regular file.")
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    size = path.stat().st_size
    artifact, ancestors = _lineage(sha256, size, artifacts_dir)
    return Inspection(sha256, size, sniff(path), read_label(path), artifact, ancestors)


def _lineage(sha256: str, size: int, folder: Path) -> tuple[str | None, dict[str, Artifact]]:
    if not folder.is_dir():
        return None, {}
    store = ArtifactStore(folder)
    try:
        origin = store.origin(sha256, size)
        return origin, {} if origin is None else ancestors(store, origin)
    finally:
        store.close()


def ancestors(store: ArtifactStore, sha256: str) -> dict[str, Artifact]:
    """An artifact and what it was made from, nearest first; parents that are gone are left out."""
    found: dict[str, Artifact] = {}
    waiting = [sha256]
    while waiting and len(found) < _MOST_ANCESTORS:
        next_sha = waiting.pop(0)
        if next_sha in found:
            continue
        try:
            found[next_sha] = store.get(next_sha)
        except NotFound:
            continue
        waiting.extend(found[next_sha].lineage.parents)
    return found
