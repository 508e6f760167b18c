"""A compressed index on disk, and the manifest that says what it must be.

    gen-7.faiss       the index
    gen-7.slots.npy   int64 [rows]: the slot of each of its rows
    MANIFEST.json     embedder, revision, dimension, kind, rows, SHA-256 of both; written last

FAISS loads most corrupted files without complaint, so the digests are checked before it sees one.
A flat index is not written: it is the segments.
"""

import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from retrieval.durable import make_folder, sha256_of, write_file
from retrieval.index import NearestIndex

_NAME = "MANIFEST.json"


class Disagreement(Exception):
    """The index on disk is not what its manifest or the store says. The argument says how."""


@dataclass(frozen=True)
class Manifest:
    embedder: str
    revision: str
    dimension: int
    kind: str
    generation: int
    rows: int
    files: dict[str, str]


@dataclass(frozen=True)
class Space:
    """Whose vectors they are."""

    embedder: str
    revision: str
    dimension: int


def save_index(folder: Path, space: Space, index: NearestIndex, slots: NDArray[np.int64]) -> None:
    """Write the next generation, then the manifest, then delete the generation before."""
    make_folder(folder)
    number = 1 + max((_number(path) for path in folder.glob("gen-*.faiss")), default=0)
    buffer = io.BytesIO()
    np.save(buffer, slots)
    contents = {
        f"gen-{number}.faiss": faiss.serialize_index(index.faiss_index).tobytes(),
        f"gen-{number}.slots.npy": buffer.getvalue(),
    }
    for name, data in contents.items():
        write_file(folder / name, data)
    digests = {name: sha256_of(folder / name) for name in contents}
    manifest = Manifest(
        **asdict(space), kind=index.kind, generation=number, rows=len(slots), files=digests
    )
    write_file(folder / _NAME, json.dumps(asdict(manifest), indent=1).encode())
    _delete_others(folder, keep={*contents, _NAME})


def discard_index(folder: Path) -> None:
    """Delete what is on disk (nothing there is fine)."""
    if folder.is_dir():
        _delete_others(folder, keep=set())


def load_index(folder: Path, space: Space, stored_slots: NDArray[np.int64]) -> NearestIndex | None:
    """The index, None when none was ever written. `stored_slots`: what SQLite has committed, of
    which the index must cover a prefix. `Disagreement` when anything is not as it must be."""
    if not (folder / _NAME).exists():
        if any(folder.glob("gen-*")):
            raise Disagreement("manifest missing")
        return None
    manifest = _read_manifest(folder / _NAME)
    if Space(manifest.embedder, manifest.revision, manifest.dimension) != space:
        raise Disagreement("another embedder")
    for name, digest in manifest.files.items():
        if Path(name).name != name or not (folder / name).is_file():
            raise Disagreement(f"{name} missing")
        if sha256_of(folder / name) != digest:
            raise Disagreement(f"{name} changed")
    return _load(folder, manifest, stored_slots)


def _load(folder: Path, manifest: Manifest, stored_slots: NDArray[np.int64]) -> NearestIndex:
    stem = folder / f"gen-{manifest.generation}"
    try:
        index = faiss.read_index(f"{stem}.faiss")
        slots = np.load(f"{stem}.slots.npy", allow_pickle=False)
    except (RuntimeError, OSError, ValueError) as error:
        raise Disagreement(str(error)) from error
    rows = manifest.rows
    if not (index.ntotal == len(slots) == rows and index.d == manifest.dimension):
        raise Disagreement("sizes differ")
    if not np.array_equal(slots, stored_slots[:rows]):
        raise Disagreement("covers other vectors")
    return NearestIndex(manifest.kind, index)


def _read_manifest(path: Path) -> Manifest:
    try:
        fields: dict[str, Any] = json.loads(path.read_bytes())
        return Manifest(**fields)
    except (OSError, ValueError, TypeError) as error:
        raise Disagreement("manifest unreadable") from error


def _number(path: Path) -> int:
    digits = path.name.removeprefix("gen-").split(".")[0]
    return int(digits) if digits.isdecimal() else 0


def _delete_others(folder: Path, keep: set[str]) -> None:
    for path in folder.iterdir():
        if path.name not in keep and path.is_file():
            path.unlink()
