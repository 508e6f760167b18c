"""What other programs have fetched already: the caches of Hugging Face and of ModelScope."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.catalog import Checkpoint, Repositories
from models.errors import SourceLacks
from models.fetching.hubs import COMMIT
from models.fetching.remote import Listing, RemoteFile, remote_file


@dataclass(frozen=True)
class Caches:
    """Their folders. Nothing in them is ever changed or removed."""

    huggingface: Path | None = None
    modelscope: tuple[Path, ...] = ()

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> "Caches":
        """Where the environment puts them (HF_HUB_CACHE, HF_HOME, MODELSCOPE_CACHE)."""
        own = Path(environment.get("XDG_CACHE_HOME") or "~/.cache")
        home = environment.get("HF_HOME") or str(own / "huggingface")
        hub = (
            environment.get("HF_HUB_CACHE")
            or environment.get("HUGGINGFACE_HUB_CACHE")
            or str(Path(home) / "hub")
        )
        modelscope = Path(environment.get("MODELSCOPE_CACHE") or "~/.cache/modelscope")
        roots = (modelscope.expanduser(), modelscope.expanduser() / "hub")
        return cls(Path(hub).expanduser(), roots)

    def candidates(self, repos: Repositories, file: RemoteFile) -> Iterator[Path]:
        """Where `file` may lie, of the right size; whether it is the file, its hash has to say."""
        for path in (*self._blobs(repos, file), *self._plain(repos, file)):
            if path.is_file() and path.stat().st_size == file.bytes:
                yield path

    def _blobs(self, repos: Repositories, file: RemoteFile) -> Iterator[Path]:
        """Hugging Face names its files by the hash that its hub tells."""
        if self.huggingface is not None and repos.huggingface is not None:
            blobs = _repository(self.huggingface, repos.huggingface) / "blobs"
            yield from (blobs / name for name in (file.sha256, file.git_sha1) if name is not None)

    def _plain(self, repos: Repositories, file: RemoteFile) -> Iterator[Path]:
        """ModelScope keeps folders as they are; its versions call them differently."""
        if repos.modelscope is None:
            return
        owner, name = repos.modelscope.split("/")
        named = (name, name.replace(".", "___"))
        for root in self.modelscope:
            for folder in named:
                yield root / "models" / owner / folder / file.path
                yield root / owner / folder / file.path
            for snapshot in sorted(root.glob(f"models/{owner}--{name}/snapshots/*")):
                yield snapshot / file.path

    def snapshot(self, checkpoint: Checkpoint) -> Listing:
        """What Hugging Face's cache has of the wanted revision: for when no hub can be reached.

        Its blobs are named by their hashes, so they can be checked without any hub. Raises
        SourceLacks.
        """
        repo = checkpoint.repos.huggingface
        if self.huggingface is None or repo is None:
            raise _not_cached(checkpoint)
        folder = _repository(self.huggingface, repo)
        commit = _commit(folder, checkpoint.revision or "main")
        snapshot = folder / "snapshots" / (commit or "none")
        if commit is None or not snapshot.is_dir():
            raise _not_cached(checkpoint)
        return Listing(repo, commit, tuple(_cached_files(snapshot)))


def _repository(cache: Path, repo: str) -> Path:
    return cache / f"models--{repo.replace('/', '--')}"


def _commit(folder: Path, revision: str) -> str | None:
    if COMMIT.fullmatch(revision):
        return revision
    try:
        noted = (folder / "refs" / revision).read_text("ascii").strip()
    except (OSError, ValueError):
        return None
    return noted if COMMIT.fullmatch(noted) else None


def _cached_files(snapshot: Path) -> Iterator[RemoteFile]:
    for path in sorted(snapshot.rglob("*")):
        if path.is_file():
            name = path.resolve().name
            sha1 = name if COMMIT.fullmatch(name) else None
            relative = path.relative_to(snapshot).as_posix()
            yield remote_file(relative, path.stat().st_size, name, sha1)


def _not_cached(checkpoint: Checkpoint) -> SourceLacks:
    return SourceLacks(
        f"缓存里没有 {checkpoint.name}。", f"{checkpoint.name} is in no cache of this machine."
    )
