"""What a checkpoint is recorded as once its files are here, and whether they are all of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic_core import from_json

from models.errors import SourceUntrusted
from models.fetching.digests import digest
from models.fetching.planning import Plan
from models.fetching.remote import RemoteFile
from models.fetching.staging import Staging
from models.manifest import Manifest, ManifestFile


async def recorded(staging: Staging, file: RemoteFile, hashes: dict[str, str]) -> ManifestFile:
    sha256 = file.sha256 or hashes.get(file.key)
    if sha256 is None:
        sha256 = (await digest(file, staging.done(file))).sha256
    return ManifestFile(path=file.path, bytes=file.bytes, sha256=sha256)


def manifest_of(plan: Plan, files: Sequence[ManifestFile]) -> Manifest:
    origin = plan.origin
    return Manifest(
        name=plan.checkpoint.name,
        hub=origin.hub.name if origin is not None else "huggingface",
        endpoint=origin.hub.endpoint.url if origin is not None else "cache",
        repo=plan.repo,
        asked_revision=plan.checkpoint.revision,
        revision=plan.revision,
        fetched=datetime.now(UTC).isoformat(timespec="seconds"),
        files=tuple(files),
    )


def check_shards(staging: Staging, plan: Plan) -> None:
    """Every shard that an index of weights names is among the files."""
    paths = {file.path for file in plan.files}
    for file in plan.files:
        if file.path.endswith(".safetensors.index.json"):
            folder = file.path.rpartition("/")[0]
            named = {f"{folder}/{name}".lstrip("/") for name in _shards(staging.done(file))}
            whole = file.path.removesuffix(".index.json")
            if not named <= paths and whole not in paths:
                raise _lacks_shards(plan, sorted(named - paths)[0])


def _shards(index: Path) -> set[str]:
    try:
        return {str(name) for name in from_json(index.read_bytes())["weight_map"].values()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return set()  # the loader will say so; here only completeness is asked


def _lacks_shards(plan: Plan, path: str) -> SourceUntrusted:
    return SourceUntrusted(
        f"{plan.repo} 不完整：索引里写着 {path}，仓库里没有。请换一个来源。",
        f"{plan.repo} is not complete: its index names {path}, which is not there. "
        "Choose another source.",
    )
