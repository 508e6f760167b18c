"""What is on this disk of the catalogue: list it, check it against its hashes, remove it."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from models.catalog import Catalog, Checkpoint, Profile, checkpoint_folder
from models.errors import (
    CheckpointError,
    CheckpointMissing,
    InvalidRequest,
)
from models.fetching.staging import Staging, discard, telling
from models.hashing import Hasher, OnBytes, ignore
from models.manifest import MANIFEST_NAME, Manifest, read_manifest, write_manifest

State = Literal["here", "partial", "missing", "broken"]
Origin = Literal["bundled", "pulled", "folder", "own"]
"""Came with the install; by a pull; a registered folder; put into the data directory by hand."""


@dataclass(frozen=True)
class Item:
    """A catalogue entry and what is here of it. `bytes`: on this disk; `known_bytes`: of the whole,
    where that is known without asking a hub."""

    checkpoint: Checkpoint
    state: State
    origin: Origin
    bytes: int
    known_bytes: int | None
    source: str
    profiles: tuple[str, ...]


@dataclass(frozen=True)
class Verified:
    """`unchecked`: files of which no hash is known; that they are there is all that was seen."""

    name: str
    checked: int
    bytes: int
    broken: tuple[str, ...]
    unchecked: tuple[str, ...]


@dataclass(frozen=True)
class Removed:
    """`kept`: what was left where it is, because it is not ours."""

    name: str
    freed_bytes: int
    kept: Path | None


class Inventory:
    """Reads the disk anew at every call: nothing is kept, so any number of threads may ask."""

    def __init__(self, catalog: Catalog, profiles: Mapping[str, Profile], data_dir: Path) -> None:
        self._catalog = catalog
        self._profiles = profiles
        self._data_dir = data_dir

    def items(self) -> tuple[Item, ...]:
        """All entries, by name."""
        return tuple(self.item(name) for name in self._catalog.names())

    def item(self, name: str) -> Item:
        checkpoint = self._catalog.get(name)
        folder = checkpoint_folder(checkpoint, self._data_dir)
        manifest = _manifest_or_none(checkpoint, folder)
        state = self._state(checkpoint)
        partial = self._staging(checkpoint.stored_as).incoming
        here = folder if folder.is_dir() and checkpoint.bundled != "wheel" else None
        return Item(
            checkpoint=checkpoint,
            state=state,
            origin=_origin(checkpoint, folder),
            bytes=_size(here) if here is not None else _size(partial),
            known_bytes=_known_bytes(checkpoint, manifest),
            source=_source(checkpoint, manifest),
            profiles=tuple(p for p, known in self._profiles.items() if name in _names(known)),
        )

    def verify(
        self,
        name: str,
        on_bytes: OnBytes = ignore,
        cancel: threading.Event | None = None,
    ) -> Verified:
        """Read every file and compare; what is broken is noted, so that a pull repairs just that.

        Raises NotFound, CheckpointMissing, CheckpointBusy, Cancelled.
        """
        checkpoint = self._catalog.get(name)
        folder = checkpoint_folder(checkpoint, self._data_dir)
        if not folder.is_dir():
            self._catalog.locate(name, self._data_dir)
        manifest = _manifest_or_none(checkpoint, folder)
        wanted = _wanted(checkpoint, manifest)
        hasher = Hasher((folder / path for path in wanted), on_bytes, cancel)
        broken = tuple(
            path
            for path, (size, sha256) in wanted.items()
            if not _is_whole(hasher, folder / path, size, sha256)
        )
        if manifest is not None and broken != manifest.broken:
            with self._staging(checkpoint.stored_as).locked(), telling(folder):
                write_manifest(folder, manifest.marked(broken))
        unchecked = tuple(path for path, (_, sha256) in wanted.items() if sha256 is None)
        return Verified(name, len(wanted) - len(unchecked), hasher.read, broken, unchecked)

    def remove(self, name: str) -> Removed:
        """Delete what a pull brought, or forget a registered folder, whose files stay.

        Raises NotFound, CheckpointMissing (nothing is here), InvalidRequest (not ours to delete),
        CheckpointBusy.
        """
        checkpoint = self._catalog.get(name)
        if checkpoint.bundled is not None:
            raise InvalidRequest(
                f"{name} 随安装而来，不能删除。", f"{name} comes with the install and stays."
            )
        if checkpoint.folder is not None:
            return self._forget(checkpoint, checkpoint.folder)
        staging = self._staging(checkpoint.stored_as)
        if not staging.folder.exists() and not _is_link(staging.folder):
            return self._drop_partial(staging)
        if _origin(checkpoint, staging.folder) == "own":
            raise InvalidRequest(
                f"{staging.folder} 不是下载来的，多模不会删除它。需要的话请自己删除。",
                f"{staging.folder} was not fetched by Duomo and is left alone. Delete it yourself "
                "if you want to.",
            )
        with staging.locked(), telling(staging.folder):
            freed = _delete_fetched(staging.folder) + discard(staging.incoming)
            kept = staging.folder if staging.folder.exists() else None
        return Removed(name, freed, kept)

    def _forget(self, checkpoint: Checkpoint, folder: Path) -> Removed:
        entry = user_entry(self._data_dir, checkpoint.name)
        if not entry.is_file():
            raise InvalidRequest(
                f"{checkpoint.name} 的目录条目不是登记出来的，请自己删除它的 TOML 文件。",
                f"The entry of {checkpoint.name} was not made by registering; delete its TOML file "
                "yourself.",
            )
        with telling(entry):
            entry.unlink()
        return Removed(checkpoint.name, 0, folder)

    def _drop_partial(self, staging: Staging) -> Removed:
        if not staging.incoming.is_dir():
            raise CheckpointMissing(
                f"{staging.name} 本来就不在这台电脑上，没有可删的。",
                f"{staging.name} is not on this disk; there is nothing to remove.",
            )
        with staging.locked(), telling(staging.incoming):
            return Removed(staging.name, discard(staging.incoming), None)

    def _state(self, checkpoint: Checkpoint) -> State:
        try:
            self._catalog.locate(checkpoint.name, self._data_dir)
        except CheckpointMissing:
            begun = self._staging(checkpoint.stored_as).incoming
            return "partial" if not checkpoint.is_foreign and _size(begun) else "missing"
        except CheckpointError:
            return "broken"
        return "here"

    def _staging(self, name: str) -> Staging:
        return Staging(self._data_dir / "checkpoints", name)


def _is_whole(hasher: Hasher, file: Path, size: int | None, sha256: str | None) -> bool:
    """There, of the right size, and with the right hash, as far as these are known."""
    if not file.is_file() or (size is not None and file.stat().st_size != size):
        return False
    try:
        return sha256 is None or hasher.sha256(file) == sha256
    except OSError:  # a disk that cannot read it: what else is broken
        return False


def user_entry(data_dir: Path, name: str) -> Path:
    """The catalogue entry that registering `name` writes."""
    return data_dir / "catalog" / f"{name}.toml"


def _wanted(
    checkpoint: Checkpoint, manifest: Manifest | None
) -> dict[str, tuple[int | None, str | None]]:
    """Path → size and SHA-256, as far as they are known."""
    listed = {file.path: (file.bytes, file.sha256) for file in checkpoint.files}
    fetched = {} if manifest is None else {f.path: (f.bytes, f.sha256) for f in manifest.files}
    return {**listed, **fetched}


def _delete_fetched(folder: Path) -> int:
    """Delete what the manifest names and then itself; files that a person added stay."""
    manifest = read_manifest(folder)
    fetched = () if manifest is None else manifest.files
    freed = sum(discard(folder / file.path) for file in fetched)
    freed += discard(folder / MANIFEST_NAME)
    below = sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True)
    for empty in (*below, folder):
        if not any(empty.iterdir()):
            empty.rmdir()
    return freed


def _manifest_or_none(checkpoint: Checkpoint, folder: Path) -> Manifest | None:
    if checkpoint.is_foreign:
        return None
    try:
        return read_manifest(folder)
    except CheckpointError:
        return None


def _origin(checkpoint: Checkpoint, folder: Path) -> Origin:
    if checkpoint.bundled is not None:
        return "bundled"
    if checkpoint.folder is not None:
        return "folder"
    is_own = _is_link(folder) or (folder.exists() and not (folder / MANIFEST_NAME).is_file())
    return "own" if is_own else "pulled"


def _source(checkpoint: Checkpoint, manifest: Manifest | None) -> str:
    if checkpoint.folder is not None:
        return str(checkpoint.folder)
    if manifest is not None:
        return f"{manifest.hub}:{manifest.repo}@{manifest.revision[:12]}"
    repos = checkpoint.repos
    if repos.huggingface is not None:
        return f"huggingface:{repos.huggingface}"
    return f"modelscope:{repos.modelscope}" if repos.modelscope is not None else ""


def _known_bytes(checkpoint: Checkpoint, manifest: Manifest | None) -> int | None:
    if manifest is not None:
        return manifest.bytes
    sizes = [file.bytes for file in checkpoint.files]
    known = [size for size in sizes if size is not None]
    return sum(known) if sizes and len(known) == len(sizes) else None


def _names(profile: Profile) -> frozenset[str]:
    return frozenset(profile.roles.values())


def _size(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    if path.is_dir():
        return sum(inner.stat().st_size for inner in path.rglob("*") if inner.is_file())
    return path.stat().st_size if path.is_file() else 0


def _is_link(path: Path) -> bool:
    return path.is_symlink()
