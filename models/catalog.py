"""What can be loaded: one TOML file per checkpoint, one profile per size of machine.

A catalogue entry is data. It names the loader class, where the files come from and what is known
about them; a field that is not known is left out, never guessed. A profile names one entry per role
and the byte budget it was planned for.
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from models.errors import CatalogError, CheckpointBroken, CheckpointMissing, NotFound
from models.manifest import read_manifest

PACKAGE = Path(__file__).parent
BUNDLED_CATALOG = PACKAGE / "catalog"
BUNDLED_CONFIGS = BUNDLED_CATALOG / "configs"  # what the real config.json files say, by entry
UNSTATED = "unstated"  # the licence of what names none
BUNDLED_PROFILES = PACKAGE / "profiles.toml"

RoleName = Literal["llm", "clip", "vlm", "t2i", "edit", "asr", "tts", "ocr", "align"]
Dtype = Literal["auto", "float32", "bfloat16", "float16"]
Quantisation = Literal["8bit", "4bit", "fp8"]  # models/quantisation.py says what each does
QUANTISATIONS: dict[str, tuple[Quantisation, ...]] = {
    **dict.fromkeys(("llm", "vlm"), ("8bit", "4bit")),
    **dict.fromkeys(("t2i", "edit"), ("8bit", "4bit", "fp8")),
}


class Note(BaseModel, frozen=True):
    """A sentence for people, in both languages."""

    model_config = ConfigDict(extra="forbid")
    zh: str
    en: str


class CheckpointFile(BaseModel, frozen=True):
    """One file of a checkpoint. `sha256` and `bytes` are checked where they are known."""

    model_config = ConfigDict(extra="forbid")
    path: str
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    bytes: int | None = Field(default=None, ge=0)


class Repositories(BaseModel, frozen=True):
    """Where a checkpoint is published."""

    model_config = ConfigDict(extra="forbid")
    huggingface: str | None = Field(default=None, pattern=r"^[\w.-]+/[\w.-]+$")
    modelscope: str | None = Field(default=None, pattern=r"^[\w.-]+/[\w.-]+$")


class Packed(BaseModel, frozen=True):
    """The weights that a quantisation packs: how many elements, and the bytes that they become."""

    model_config = ConfigDict(extra="forbid")
    parameters: int = Field(gt=0)
    bytes: int = Field(gt=0)


class Sizes(BaseModel, frozen=True):
    """What can be known of a checkpoint that is not on this disk.

    Computed from its real config by `python -m benchmarks.device.sizes`. `cache_values` are the
    elements of keys and values of one token; `activations` those of a call beside the weights,
    estimated, where `configs` does not name a pipeline whose own estimate is used.
    """

    model_config = ConfigDict(extra="forbid")
    parameters: int = Field(gt=0)
    packed: dict[Quantisation, Packed] = Field(default_factory=dict)
    cache_values: int = Field(default=0, ge=0)
    activations: int = Field(default=0, ge=0)


class Checkpoint(BaseModel, frozen=True):
    """A catalogue entry.

    `bundled` is a folder inside `models/`, or "wheel" when an installed package carries the
    weights. A bundled checkpoint has no `revision`: it is the hash of what it contains. `folder` is
    a person's own, absolute, which is read where it is and never changed. `files_of`
    names another entry whose files this one uses, as drawing and editing often do.
    """

    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    role: RoleName
    loader: str = Field(pattern=r"^models\.roles\.[a-z_0-9]+:[A-Z][A-Za-z0-9]*$")
    bundled: str | None = Field(default=None, pattern=r"^(wheel|starter/[a-z0-9_]+)$")
    folder: Path | None = None
    repos: Repositories = Repositories()
    revision: str | None = None
    files_of: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9.-]*$")
    files: tuple[CheckpointFile, ...] = ()
    dtype: Dtype = "auto"
    quantisation: Quantisation | None = None
    licence: str
    licence_limits: str | None = None
    languages: tuple[str, ...]
    defaults: dict[str, Any] = Field(default_factory=dict)
    least_device_bytes: int | None = Field(default=None, ge=0)
    sizes: Sizes | None = None
    note: Note | None = None

    @field_validator("folder")
    @classmethod
    def _absolute(cls, folder: Path | None) -> Path | None:
        if folder is not None and not folder.is_absolute():
            raise ValueError("folder has to be an absolute path")
        return folder

    @property
    def is_foreign(self) -> bool:
        """Whether its files came by other ways than a pull, and are not ours to change."""
        return self.bundled is not None or self.folder is not None

    @property
    def stored_as(self) -> str:
        """The name of the entry whose folder holds its files."""
        return self.files_of or self.name

    @model_validator(mode="after")
    def _quantised_as_its_role_can(self) -> Self:
        can = QUANTISATIONS.get(self.role, ())
        if self.quantisation is not None and self.quantisation not in can:
            raise ValueError(
                f"role {self.role} takes quantisation {' / '.join(can) or 'none'}, "
                f"not {self.quantisation}"
            )
        return self

    def default_int(self, key: str, otherwise: int) -> int:
        """The default named `key`, or `otherwise`; CatalogError where it is no whole number."""
        value = self.defaults.get(key, otherwise)
        if isinstance(value, bool) or not isinstance(value, int):
            raise CatalogError(
                f"目录条目 {self.name} 的 {key} 不是整数，请改正。",
                f"{key} of catalogue entry {self.name} is no whole number; correct it.",
            )
        return value


class CheckpointDefaults(BaseModel, frozen=True):
    """The `[defaults]` of a catalogue entry, checked: a role subclasses it with what it reads."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Self:
        """Raises CatalogError when something is missing, unknown or of the wrong kind."""
        try:
            return cls.model_validate(checkpoint.defaults)
        except ValidationError as error:
            raise CatalogError(
                f"目录条目 {checkpoint.name} 的 defaults 不对，请改正：{error}",
                f"Correct the defaults of catalogue entry {checkpoint.name}: {error}",
            ) from error


class Tuning(BaseModel, frozen=True):
    """What a profile changes about a catalogue entry: "none" undoes its quantisation."""

    model_config = ConfigDict(extra="forbid")
    quantisation: Quantisation | Literal["none"] | None = None
    defaults: dict[str, Any] = Field(default_factory=dict)


class Profile(BaseModel, frozen=True):
    """One checkpoint per role, and the device and the bytes that all of it was planned for."""

    model_config = ConfigDict(extra="forbid")
    name: str
    budget_bytes: int = Field(gt=0)
    device: Literal["cpu", "cuda"] = "cpu"
    roles: dict[RoleName, str]
    tuning: dict[RoleName, Tuning] = Field(default_factory=dict)
    note: Note


class Catalog:
    """All known checkpoints by name."""

    def __init__(self, checkpoints: Iterable[Checkpoint]) -> None:
        self._checkpoints: dict[str, Checkpoint] = {}
        for checkpoint in sorted(checkpoints, key=lambda c: c.name):
            if checkpoint.name in self._checkpoints:
                raise CatalogError(
                    f"目录里有两个条目都叫 {checkpoint.name}，请删去一个。",
                    f"Two catalogue entries are named {checkpoint.name}; remove one.",
                )
            self._checkpoints[checkpoint.name] = checkpoint

    @classmethod
    def from_directories(cls, *directories: Path) -> "Catalog":
        """Read every `*.toml` in `directories`. CatalogError names the file that is wrong."""
        paths = sorted(path for folder in directories for path in folder.glob("*.toml"))
        return cls(_read(path) for path in paths)

    @classmethod
    def bundled(cls) -> "Catalog":
        """The entries that come with the package."""
        return cls.from_directories(BUNDLED_CATALOG)

    def get(self, name: str) -> Checkpoint:
        try:
            return self._checkpoints[name]
        except KeyError:
            raise NotFound(
                f"目录里没有叫 {name} 的模型。已有：{'、'.join(self._checkpoints)}。",
                f"No checkpoint is named {name}. Known: {', '.join(self._checkpoints)}.",
            ) from None

    def names(self, role: str | None = None) -> tuple[str, ...]:
        """Sorted names, of one role or of all."""
        return tuple(n for n, c in self._checkpoints.items() if role is None or c.role == role)

    def locate(self, name: str, data_dir: Path) -> Path:
        """The folder that holds the checkpoint's files.

        Raises CheckpointMissing (nothing there) and CheckpointBroken (a file is missing, has the
        wrong size or was found damaged); both say what to do.
        """
        checkpoint = self.get(name)
        folder = checkpoint_folder(checkpoint, data_dir)
        if not folder.is_dir():
            raise _missing(checkpoint, folder)
        manifest = None if checkpoint.is_foreign else read_manifest(folder)
        for file in checkpoint.files:
            _check_file(checkpoint, folder, file.path, file.bytes)
        if manifest is not None:
            for path in manifest.broken:
                raise _broken(checkpoint, folder, path)
            for fetched in manifest.files:
                _check_file(checkpoint, folder, fetched.path, fetched.bytes)
        return folder


def checkpoint_folder(checkpoint: Checkpoint, data_dir: Path) -> Path:
    """Where the files of `checkpoint` are or would be."""
    if checkpoint.bundled == "wheel":
        return PACKAGE
    if checkpoint.bundled is not None:
        return PACKAGE / checkpoint.bundled
    if checkpoint.folder is not None:
        return checkpoint.folder
    return data_dir / "checkpoints" / checkpoint.stored_as


def load_profiles(path: Path = BUNDLED_PROFILES) -> dict[str, Profile]:
    """Read the profiles of a TOML file: one table per profile. CatalogError names what is wrong."""
    profiles = {}
    for name, table in _parse(path).items():
        try:
            profiles[name] = Profile.model_validate({"name": name, **table})
        except (ValidationError, TypeError) as error:
            raise _unreadable(path, error) from error
    return profiles


def check_profile(profile: Profile, catalog: Catalog) -> None:
    """CatalogError when a profile names a checkpoint that is unknown or has another role."""
    for role in profile.tuning:
        if role not in profile.roles:
            raise CatalogError(
                f"配置 {profile.name} 调整了 {role}，却没有为它指定模型。",
                f"Profile {profile.name} tunes {role} but names no checkpoint for it.",
            )
    for role, name in profile.roles.items():
        if name not in catalog.names(role):
            raise CatalogError(
                f"配置 {profile.name} 的 {role} 指向 {name}，目录里没有这样的模型。",
                f"Profile {profile.name} names {name} for {role}; the catalogue has no such one.",
            )


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _unreadable(path, error) from error


def _read(path: Path) -> Checkpoint:
    try:
        return Checkpoint.model_validate(_parse(path))
    except ValidationError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> CatalogError:
    return CatalogError(f"{path.name} 读不了，请改正：{error}", f"Correct {path.name}: {error}")


def _missing(checkpoint: Checkpoint, folder: Path) -> CheckpointMissing:
    name = checkpoint.name
    if checkpoint.folder is not None:
        return CheckpointMissing(
            f"{name} 登记的文件夹 {folder} 不在了。请把它放回去，"
            f"或运行 duomo models remove {name}。",
            f"The folder of {name}, {folder}, is gone. Put it back, or run "
            f"duomo models remove {name}.",
        )
    if checkpoint.repos == Repositories():
        return CheckpointMissing(
            f"安装里缺少 {name} 的文件（{folder}），请重新安装。",
            f"The files of {name} are missing from {folder}; install again.",
        )
    return CheckpointMissing(
        f"{name} 还不在这台电脑上：请运行 duomo models pull {name}，或换一个配置。",
        f"{name} is not on this disk: run duomo models pull {name}, or choose another profile.",
    )


def _check_file(checkpoint: Checkpoint, folder: Path, path: str, size: int | None) -> None:
    file = folder / path
    found = file.stat().st_size if file.is_file() else None
    if found is None or (size is not None and found != size):
        raise _broken(checkpoint, folder, path)


def _broken(checkpoint: Checkpoint, folder: Path, path: str) -> CheckpointBroken:
    remedy_zh, remedy_en = remedy(checkpoint)
    return CheckpointBroken(
        f"{checkpoint.name} 的文件 {path} 缺失或损坏（{folder}）。{remedy_zh}",
        f"{path} of {checkpoint.name} is missing or damaged ({folder}). {remedy_en}",
    )


def remedy(checkpoint: Checkpoint) -> tuple[str, str]:
    """What to do when its files are not right, in Chinese and English."""
    name = checkpoint.name
    if checkpoint.bundled is not None:
        return "请重新安装。", "Install again."
    if checkpoint.folder is not None:
        return (
            f"请恢复文件，或运行 duomo models remove {name} 后再登记一次。",
            f"Restore the file, or run duomo models remove {name} and register it again.",
        )
    return (
        f"请运行 duomo models pull {name}，只会补上坏的。",
        f"Run duomo models pull {name}: it fetches only what is broken.",
    )
