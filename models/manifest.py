"""What was fetched: a record in a checkpoint's folder, so that it can be checked later, offline."""

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.errors import CheckpointBroken

MANIFEST_NAME = "duomo-manifest.json"


class ManifestFile(BaseModel, frozen=True):
    """`sha256` is always that of the bytes on this disk, whether or not the hub told one."""

    model_config = ConfigDict(extra="ignore")
    path: str
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(BaseModel, frozen=True):
    """`revision` is the commit that was fetched; `broken` names files found damaged since."""

    model_config = ConfigDict(extra="ignore")
    format: Literal[1] = 1
    name: str
    hub: str
    endpoint: str
    repo: str
    asked_revision: str | None = None
    revision: str
    fetched: str = Field(description="UTC, ISO 8601")
    files: tuple[ManifestFile, ...]
    broken: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    def marked(self, broken: tuple[str, ...]) -> "Manifest":
        return self.model_copy(update={"broken": broken})


def read_manifest(folder: Path) -> Manifest | None:
    """None where the folder has none. Raises CheckpointBroken where it cannot be read."""
    try:
        text = (folder / MANIFEST_NAME).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(folder, error) from error
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        raise _unreadable(folder, error) from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Durably: the old one stays until the new one is on the disk. Raises OSError."""
    draft = folder / f"{MANIFEST_NAME}.new"
    with draft.open("w", encoding="utf-8") as file:
        file.write(manifest.model_dump_json(indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / MANIFEST_NAME)


def _unreadable(folder: Path, error: Exception) -> CheckpointBroken:
    return CheckpointBroken(
        f"{folder} 里的 {MANIFEST_NAME} 读不了，请用 duomo models pull 再取一次：{error}",
        f"{MANIFEST_NAME} in {folder} cannot be read; pull it again with duomo models pull: "
        f"{error}",
    )
